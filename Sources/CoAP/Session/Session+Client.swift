import CoAPMessages
import NIOCore

extension Session {
    /// Sends a request; `complete` is called exactly once, later or at once.
    func send(
        _ request: Message, timeout: TimeAmount, isConfirmable: Bool = true,
        complete: @escaping (Result<Message, CoAPError>) -> Void
    ) {
        let exchange = ClientExchange(request: request, timeout: timeout, now: eventLoop.now, complete: complete)
        exchange.isConfirmable = isConfirmable
        begin(exchange)
    }

    /// Starts an exchange: its first message goes out, or waits for the peer's CSM.
    ///
    /// - Returns: the token; nil when it failed at once.
    @discardableResult
    func begin(_ exchange: ClientExchange) -> Token? {
        if let failure {
            exchange.complete(.failure(failure))
            return nil
        }
        if isReleased {
            exchange.complete(.failure(CoAPError(.released, "the connection was released: no new requests")))
            return nil
        }
        guard pending.count < limits.openRequests else {
            let reason = "\(pending.count) requests are open where \(limits.openRequests) may be"
            exchange.complete(.failure(CoAPError(.tooManyRequests, reason)))
            return nil
        }
        let token = tokens.next()
        pending[token] = exchange
        wake(at: exchange.deadline)
        dispatch(exchange, token)
        return token
    }

    /// Sends the first message of an exchange.
    private func dispatch(_ exchange: ClientExchange, _ token: Token) {
        guard let link else { return }
        var message = exchange.request
        message.token = token
        let transfer = link.transfer
        if exchange.isByHand || link.length(of: message) <= transfer.messageSize { return transmit(message, exchange) }
        if !transfer.isSettled {
            link.whenSettled { [weak self] in
                guard let self, self.pending[token] === exchange else { return }
                self.dispatch(exchange, token)
            }
            return
        }
        exchange.upload = Upload(exponent: Block.bertExponent)
        sendBlock(exchange, token)
    }

    /// Sends the next block of the request's body under `token`.
    private func sendBlock(_ exchange: ClientExchange, _ token: Token) {
        guard let link, var upload = exchange.upload else { return }
        let body = exchange.request.payload
        var message = exchange.request
        message.token = token
        message.payload = []
        guard
            body.count > 0,
            let cut = link.transfer.cut(
                overhead: link.length(of: message) + Session.blockOptionsLength, wish: upload.exponent)
        else {
            return finish(
                token, exchange,
                .failure(
                    CoAPError(
                        .messageTooLarge, "options alone do not fit the peer's \(link.transfer.messageSize) bytes")))
        }
        let end = min(upload.acknowledged + cut.count, body.count)
        upload.exponent = cut.exponent
        upload.underway = end - upload.acknowledged
        let number = UInt32(truncatingIfNeeded: upload.acknowledged / Block.size(exponent: cut.exponent))
        message.block1 = Block(number: number, more: end < body.count, exponent: cut.exponent)
        if upload.acknowledged == 0 { message.size1 = UInt32(clamping: body.count) }
        message.payload = Array(body[upload.acknowledged..<end])
        exchange.upload = upload
        transmit(message, exchange)
    }

    /// Bytes that Block1 or Block2, Size1 or Size2, an ETag and a longer frame header add at most to a message.
    static let blockOptionsLength = 6 + 7 + 10 + 6

    private func transmit(_ message: Message, _ exchange: ClientExchange) {
        transmit(message, as: .request(confirmable: exchange.isConfirmable))
    }

    /// Whether a response under this token is waited for.
    func awaits(_ token: Token) -> Bool {
        pending[token] != nil || observations[token] != nil
    }

    /// - Returns: whether it was waited for.
    func receive(response: Message) -> Bool {
        let token = response.token
        if let exchange = pending[token] {
            if let fault = fault(in: response) {
                finish(token, exchange, .failure(fault))
            } else {
                advance(exchange, token, response)
            }
        } else if let observation = observations[token] {
            if fault(in: response) == nil { notified(observation, token, response) }
        } else {
            count(\.unmatchedResponses)
            return false
        }
        return true
    }

    /// Fails the request of this token: the link has learnt that no response will come.
    func failRequest(_ token: Token, _ error: CoAPError) {
        guard let exchange = pending[token] else { return }
        if error.code == .timeout { count(\.timeouts) }
        finish(token, exchange, .failure(error))
    }

    /// Fails all requests; observations stay, for what cannot be reached now may be so again.
    func failRequests(_ error: CoAPError) {
        for token in Array(pending.keys) { failRequest(token, error) }
    }

    /// Gives an exchange up that nobody waits for any more.
    func abandon(_ exchange: ClientExchange) {
        guard let token = pending.first(where: { $0.value === exchange })?.key else { return }
        pending[token] = nil
        link?.abandoned(token)
    }

    private func fault(in response: Message) -> CoAPError? {
        response.options.firstFault { $0.isUnderstoodByEndpoints || handler.understands($0) }
            .map { CoAPError(.badResponse, "the response cannot be used: \($0)") }
    }

    /// Takes the response to the message under way and sends the next one, if there is to be one.
    private func advance(_ exchange: ClientExchange, _ token: Token, _ response: Message) {
        if exchange.upload != nil, continueUpload(exchange, token, response) { return }
        guard !exchange.isByHand, let block = response.block2 else {
            return finish(token, exchange, .success(response))
        }
        if let download = exchange.download {
            continueDownload(exchange, token, response, block, download)
        } else if block.number == 0 {
            guard block.more else { return finish(token, exchange, .success(response.withoutBlocks)) }
            guard block.admits(payloadOf: response.payload.count) else {
                return finish(token, exchange, .failure(blockFailure("\(block) with \(response.payload.count) bytes")))
            }
            let announced = Int(response.size2 ?? 0)
            guard announced <= limits.bodySize else {
                return finish(token, exchange, .failure(bodyFailure(announced)))
            }
            // The observation's own token stays with the observation; the rest of the body is another exchange's.
            if exchange.observation != nil, response.observe != nil {
                return finish(token, exchange, .success(response))
            }
            exchange.download = Download(first: response, body: response.payload)
            next(exchange, token) { self.requestBlock(exchange, $0, after: block) }
        } else {
            finish(token, exchange, .failure(blockFailure("block \(block) where the first was asked for")))
        }
    }

    private func blockFailure(_ found: String) -> CoAPError {
        CoAPError(.blockwiseFailed, "the peer broke the rules of block-wise transfer: \(found)")
    }

    private func bodyFailure(_ size: Int) -> CoAPError {
        CoAPError(.bodyTooLarge, "a body of \(size) bytes or more where \(limits.bodySize) are taken")
    }

    /// Goes on under a new token with a new deadline.
    private func next(_ exchange: ClientExchange, _ token: Token, _ send: (Token) -> Void) {
        pending[token] = nil
        let token = tokens.next()
        pending[token] = exchange
        exchange.deadline = eventLoop.now + exchange.timeout
        wake(at: exchange.deadline)
        send(token)
    }

    /// - Returns: whether the response was about a block and the exchange goes on, or has failed.
    private func continueUpload(_ exchange: ClientExchange, _ token: Token, _ response: Message) -> Bool {
        guard var upload = exchange.upload else { return false }
        let isLast = upload.acknowledged + upload.underway == exchange.request.payload.count
        let smaller = response.block1.map(\.exponent).flatMap { $0 < upload.exponent ? $0 : nil }
        switch response.code {
        case .continue:
            if isLast {
                finish(token, exchange, .failure(blockFailure("2.31 after the last block")))
                return true
            }
            upload.acknowledged += upload.underway
            // Early negotiation: the server says what size it likes (RFC 7959 §2.3).
            upload.exponent = smaller ?? upload.exponent
        case .requestEntityTooLarge:
            // With a smaller size in it, it means the block, not the body (RFC 7959 §2.9.3).
            guard let smaller, upload.acknowledged == 0 else { return false }
            upload.exponent = smaller
        case .requestEntityIncomplete:
            // The server has lost what it had (RFC 7959 §2.9.2).
            guard exchange.restarts == 0, upload.acknowledged > 0 else { return false }
            exchange.restarts += 1
            upload.acknowledged = 0
        default:
            exchange.upload = nil
            return false
        }
        exchange.upload = upload
        next(exchange, token) { self.sendBlock(exchange, $0) }
        return true
    }

    private func continueDownload(
        _ exchange: ClientExchange, _ token: Token, _ response: Message, _ block: Block, _ download: Download
    ) {
        guard response.code.isSuccess else { return finish(token, exchange, .success(response)) }
        guard response.etag == download.first.etag else {
            guard exchange.restarts == 0, exchange.request.code == .get else {
                return finish(
                    token, exchange, .failure(CoAPError(.blockwiseFailed, "the body changed while it was fetched")))
            }
            exchange.restarts += 1
            exchange.download = nil
            return next(exchange, token) { self.dispatch(exchange, $0) }
        }
        guard block.offset == download.body.count, block.admits(payloadOf: response.payload.count) else {
            let found = "\(block) with \(response.payload.count) bytes after \(download.body.count)"
            return finish(token, exchange, .failure(blockFailure(found)))
        }
        let size = download.body.count + response.payload.count
        guard size <= limits.bodySize else { return finish(token, exchange, .failure(bodyFailure(size))) }
        exchange.download?.body += response.payload
        if block.more { return next(exchange, token) { self.requestBlock(exchange, $0, after: block) } }
        var whole = download.first.withoutBlocks
        whole.payload = exchange.download?.body ?? []
        finish(token, exchange, .success(whole))
    }

    /// Asks for the block that follows what has come.
    private func requestBlock(_ exchange: ClientExchange, _ token: Token, after block: Block) {
        guard let download = exchange.download else { return }
        let number = UInt32(truncatingIfNeeded: download.body.count / block.size)
        var message = exchange.request
        message.token = token
        message.payload = []
        message.options.removeAll { $0 == .observe || $0 == .block1 || $0 == .block2 || $0 == .size1 }
        message.block2 = Block(number: number, more: false, exponent: block.exponent)
        transmit(message, exchange)
    }

    private func finish(_ token: Token, _ exchange: ClientExchange, _ result: Result<Message, CoAPError>) {
        pending[token] = nil
        if let observation = exchange.observation, case .success(let response) = result,
            response.code.isSuccess, response.observe != nil
        {
            observation.token = token
            observations[token] = observation
        }
        exchange.complete(result)
        closeIfDrained()
    }

    /// Fetches the blocks that follow `first` and gives the whole.
    func fetchRest(
        of first: Message, request: Message, timeout: TimeAmount,
        complete: @escaping (Result<Message, CoAPError>) -> Void
    ) -> ClientExchange {
        var request = request
        request.options.remove(.observe)
        let exchange = ClientExchange(request: request, timeout: timeout, now: eventLoop.now, complete: complete)
        guard failure == nil, let block = first.block2, pending.count < limits.openRequests else {
            complete(.failure(failure ?? CoAPError(.tooManyRequests, "no request is free for the rest of the body")))
            return exchange
        }
        exchange.download = Download(first: first, body: first.payload)
        let token = tokens.next()
        pending[token] = exchange
        wake(at: exchange.deadline)
        requestBlock(exchange, token, after: block)
        return exchange
    }
}

extension Message {
    /// The message as its receiver is to see it once its body is whole.
    var withoutBlocks: Message {
        var message = self
        message.options.removeAll { $0 == .block1 || $0 == .block2 }
        return message
    }
}
