import CoAPMessages
import NIOCore

extension Session {
    func receive(request: Message, arrival: Arrival?) {
        guard let connection else { return }
        guard openExchanges < limits.openExchanges else {
            count(\.requestsRefused)
            return refuse(request, .serviceUnavailable, "\(openExchanges) requests are open already")
        }
        if let fault = request.options.firstFault(understood: handler.understands) {
            let isProxying = fault.number == .proxyURI || fault.number == .proxyScheme
            return refuse(request, isProxying ? .proxyingNotSupported : fault.responseCode, fault.description)
        }
        guard request.code.detail <= Code.ipatch.detail else {
            return refuse(request, .methodNotAllowed, "method \(request.code) is not known")
        }
        var request = request
        let block1 = request.block1
        if let block1 {
            guard let whole = assemble(request, block1) else { return }
            request = whole
        }
        let block2 = request.block2
        if let block2, block2.number > 0, serveStored(request, block2) { return }
        if block2 != nil { request.options.removeAll { $0 == .block2 || $0 == .size2 } }
        if request.observe == 1 { deregister(request) }
        let exchange = Exchange(
            connection: connection, request: request, arrival: arrival, sequence: nextSequence, block1: block1,
            block2: block2)
        nextSequence += 1
        openExchanges += 1
        handler.handle(request, exchange)
    }

    func refuse(_ request: Message, _ code: Code, _ diagnostic: String) {
        transmit(Message(code: code, token: request.token, payload: Array(diagnostic.utf8)), as: .response)
    }

    /// Adds a block to the request it belongs to.
    ///
    /// - Returns: the whole request, without its block options, once it is; nil when the block was answered here.
    private func assemble(_ request: Message, _ block: Block) -> Message? {
        let key = BodyKey(request)
        guard block.admits(payloadOf: request.payload.count) else {
            bodies.removeRequest(key)
            refuse(request, .badRequest, "Block1 \(block) with \(request.payload.count) bytes")
            return nil
        }
        if block.number == 0, !block.more { return request.withoutRequestBlocks }
        let announced = Int(request.size1 ?? 0)
        switch bodies.add(request.payload, at: block.offset, to: key, announced: announced, now: eventLoop.now) {
        case .tooLarge:
            var response = Message(code: .requestEntityTooLarge, token: request.token)
            response.block1 = Block(number: block.number, more: block.more, exponent: block.exponent)
            response.size1 = UInt32(clamping: limits.bodySize)
            transmit(response, as: .response)
            return nil
        case .notContiguous:
            refuse(request, .requestEntityIncomplete, "block \(block) does not follow what has come")
            return nil
        case .added(let deadline):
            wake(at: deadline)
        }
        if block.more {
            var response = Message(code: .continue, token: request.token)
            response.block1 = block
            transmit(response, as: .response)
            return nil
        }
        var whole = request.withoutRequestBlocks
        whole.payload = bodies.takeRequest(key)
        return whole
    }

    /// Serves a further block of a response that is held.
    ///
    /// - Returns: false when the handler has to make it again, which only a safe method allows.
    private func serveStored(_ request: Message, _ block: Block) -> Bool {
        let key = BodyKey(request)
        if let held = bodies.response(key, now: eventLoop.now) {
            var response = held
            response.token = request.token
            sendPiece(of: response, at: block, key: key, isHeld: true, as: .response)
            return true
        }
        if request.code == .get || request.code == .fetch { return false }
        refuse(request, .requestEntityIncomplete, "the rest of that response is not held any more")
        return true
    }

    /// Sends the response to a request.
    func respond(_ response: Message, to answer: Answer) {
        guard failure == nil else { return }
        var response = response
        response.token = answer.request.token
        if response.options.contains(.observe) { response.observe = nil }
        if let observation = answer.observation { confirm(observation, &response) }
        if let block1 = answer.block1 {
            response.block1 = Block(number: block1.number, more: false, exponent: block1.exponent)
        }
        send(response, for: answer.request, wish: answer.block2, as: .response)
        finished(answer.sequence)
    }

    /// Lets a request go without an answer.
    func drop(_ answer: Answer) {
        guard failure == nil else { return }
        if let observation = answer.observation { endObservation(observation) }
        link?.dropped(answer.request.token)
        finished(answer.sequence)
    }

    /// Sends a response or notification, in blocks when it must be.
    func send(_ response: Message, for request: Message, wish: Block?, as role: MessageRole) {
        guard let link else { return }
        let transfer = link.transfer
        let fits = link.length(of: response) <= transfer.messageSize
        if fits, wish == nil || !response.code.isSuccess { return transmit(response, as: role) }
        if !fits, !transfer.isSettled {
            return link.whenSettled { [weak self] in self?.send(response, for: request, wish: wish, as: role) }
        }
        sendPiece(
            of: response, at: wish ?? Block(number: 0, more: false, exponent: Block.bertExponent),
            key: BodyKey(request), isHeld: false, as: role)
    }

    /// Sends one block of a response, and holds the response for the rest.
    private func sendPiece(
        of response: Message, at block: Block, key: BodyKey, isHeld: Bool, as role: MessageRole
    ) {
        guard let link else { return }
        var piece = response
        piece.payload = []
        let overhead = link.length(of: piece) + Session.blockOptionsLength
        guard let cut = link.transfer.cut(overhead: overhead, wish: block.exponent) else {
            return refuse(response, .internalServerError, "the response does not fit the peer's message size")
        }
        let body = response.payload
        guard block.offset < body.count || block.offset == 0 else {
            return refuse(response, .badRequest, "block \(block) lies behind the end, at \(body.count)")
        }
        let end = min(block.offset + cut.count, body.count)
        let more = end < body.count
        var held = response
        if more || block.offset > 0, response.etag == nil {
            held.etag = entityTag(of: body)
            piece.etag = held.etag
        }
        let number = UInt32(truncatingIfNeeded: block.offset / Block.size(exponent: cut.exponent))
        piece.block2 = Block(number: number, more: more, exponent: cut.exponent)
        if number == 0 { piece.size2 = UInt32(clamping: body.count) }
        piece.payload = Array(body[block.offset..<end])
        transmit(piece, as: role)
        if !more {
            if isHeld { bodies.removeResponse(key) }
        } else if !isHeld {
            held.options.removeAll { $0 == .observe || $0 == .block1 }
            if let deadline = bodies.hold(held, for: key, now: eventLoop.now) { wake(at: deadline) }
        }
    }

    /// A tag by which a client knows that all blocks are of one body (RFC 7959 §2.4). Keyed anew with each start of the
    /// program, after which a client in the middle of a body begins again.
    private func entityTag(of body: [UInt8]) -> [UInt8] {
        var hasher = Hasher()
        body.withUnsafeBytes { hasher.combine(bytes: $0) }
        return Token(UInt64(bitPattern: Int64(hasher.finalize()))).bytes
    }

    /// An exchange is done: custody that waits for it may be given.
    private func finished(_ sequence: UInt64) {
        openExchanges -= 1
        for index in custodyWaits.indices where sequence < custodyWaits[index].sequence {
            custodyWaits[index].remaining -= 1
        }
        let done = custodyWaits.filter { $0.remaining == 0 }
        custodyWaits.removeAll { $0.remaining == 0 }
        for wait in done { wait.answer(true) }
        closeIfDrained()
    }

    /// Calls `answer` with true once every request that has come so far is answered, or with false when that takes too
    /// long (RFC 8323 §5.4.1).
    func takeCustody(_ answer: @escaping (Bool) -> Void) {
        guard openExchanges > 0 else { return answer(true) }
        // A peer that pings faster than it is answered gets the older Pong at once.
        if custodyWaits.count >= Session.custodyWaitLimit { custodyWaits.removeFirst().answer(false) }
        let deadline = eventLoop.now + limits.custodyTimeout
        custodyWaits.append(
            CustodyWait(sequence: nextSequence, remaining: openExchanges, deadline: deadline, answer: answer))
        wake(at: deadline)
    }

    /// Pings kept waiting at once: one is honest, four are patient.
    private static let custodyWaitLimit = 4

    func expireCustody(now: NIODeadline) {
        let late = custodyWaits.filter { $0.deadline <= now }
        custodyWaits.removeAll { $0.deadline <= now }
        for wait in late { wait.answer(false) }
    }
}

/// A Ping with Custody that waits for the requests before it.
struct CustodyWait {
    let sequence: UInt64
    var remaining: Int
    let deadline: NIODeadline
    let answer: (Bool) -> Void
}

extension Message {
    /// The request as its handler is to see it once its body is whole.
    fileprivate var withoutRequestBlocks: Message {
        var message = self
        message.options.removeAll { $0 == .block1 || $0 == .size1 }
        return message
    }
}
