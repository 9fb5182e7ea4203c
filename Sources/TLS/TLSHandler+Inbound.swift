import NIOCore

extension TLSHandler {
    /// The most plaintext handed on at once: what a socket read brings.
    private static let deliveryLimit = 65_536

    /// Takes ciphertext.
    public func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var buffer = unwrapInboundIn(data)
        guard state != .closed else { return }
        if inbound.readableBytes == 0 {
            inbound = buffer
        } else {
            inbound.writeBuffer(&buffer)
        }
        receive(context)
    }

    /// Asks for more when a read of the handler behind us brought only a part of a record.
    public func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        switch state {
        case .handshaking, .closing: context.read()
        case .open where isReadOwed: context.read()
        case .idle, .open, .closed: break
        }
    }

    /// Passes reads on and remembers them until data goes back.
    public func read(context: ChannelHandlerContext) {
        isReadOwed = true
        context.read()
    }

    /// An end of the transport's input, where the channel allows half-closure.
    public func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case .inputClosed? = event as? ChannelEvent else {
            return context.fireUserInboundEventTriggered(event)
        }
        // After close_notify it was already fired.
        if hasReceivedClose { return }
        switch state {
        case .handshaking:
            fail(TLSError(.truncated, "the peer closed the transport during the handshake"), context)
        case .open:
            fail(
                TLSError(.truncated, "the peer closed the transport without close_notify: data may be missing"),
                context)
        case .closing: finishClosing(context)
        case .idle, .closed: break
        }
    }

    /// Lets the connection take what has come in. Handlers behind us may write, close and even feed more meanwhile:
    /// the outermost call does the work.
    func receive(_ context: ChannelHandlerContext) {
        guard !isReceiving else { return }
        isReceiving = true
        defer { isReceiving = false }
        do {
            if state == .handshaking { try handshake(context) }
            while state == .open || state == .closing {
                guard try decrypt(context) else { break }
            }
        } catch {
            fail(error, context)
        }
    }

    private func handshake(_ context: ChannelHandlerContext) throws(TLSError) {
        guard let connection else { return }
        let before = inbound.readableBytes
        let progress = try connection.handshake(&inbound)
        handshakeBytesLeft -= before - inbound.readableBytes
        if let flight = connection.takeOutput() {
            context.writeAndFlush(wrapOutboundOut(flight), promise: nil)
        }
        guard state == .handshaking else { return }
        switch progress {
        case .needsInput:
            guard handshakeBytesLeft > 0 else {
                throw TLSError(
                    .handshakeTooLong, "the peer sent \(limits.handshakeBytes) bytes and the handshake is not done")
            }
        case .done:
            timer?.cancel()
            timer = nil
            state = .open
            let completed = connection.completed()
            self.completed = completed
            connection.saveSession()
            context.fireUserInboundEventTriggered(completed)
            send(context)
        }
    }

    /// One delivery; false when the input is used up.
    private func decrypt(_ context: ChannelHandlerContext) throws(TLSError) -> Bool {
        guard let connection, !hasReceivedClose else {
            inbound = ByteBuffer()
            return false
        }
        guard inbound.readableBytes > 0 || isDeliveryUnfinished else { return false }
        let capacity = min(max(inbound.readableBytes, 512), Self.deliveryLimit)
        var plain = context.channel.allocator.buffer(capacity: capacity)
        let result: TLSConnection.Read?
        var problem: TLSError?
        do {
            result = try connection.read(&inbound, into: &plain, limit: Self.deliveryLimit)
        } catch {
            // What came before the fault is good and is handed on first.
            result = nil
            problem = error
        }
        isDeliveryUnfinished = result == nil && problem == nil
        if problem == nil, let reply = connection.takeOutput() {
            context.writeAndFlush(wrapOutboundOut(reply), promise: nil)
        }
        // After our own close nobody listens any more; after closing the output only, somebody does.
        if plain.readableBytes > 0 && state == .open {
            isReadOwed = false
            context.fireChannelRead(wrapInboundOut(plain))
        }
        if let problem {
            guard state != .closed else { return false }
            throw problem
        }
        switch result {
        case .needsInput: return inbound.readableBytes > 0
        case .closed:
            receivedClose(context)
            return false
        case nil: return true
        }
    }

    private func receivedClose(_ context: ChannelHandlerContext) {
        guard state == .open || state == .closing else { return }
        hasReceivedClose = true
        inbound = ByteBuffer()
        if state == .closing || hasSentClose { return finishClosing(context) }
        let isHalfClosureAllowed =
            (try? context.channel.syncOptions?.getOption(ChannelOptions.allowRemoteHalfClosure)) ?? false
        if isHalfClosureAllowed {
            return context.fireUserInboundEventTriggered(ChannelEvent.inputClosed)
        }
        // RFC 5246 7.2.1: answer with close_notify, drop what is not yet sent, close.
        sendCloseNotify(context)
        finishClosing(context)
    }
}
