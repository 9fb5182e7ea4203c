import NIOCore

extension TLSHandler {
    /// Says close_notify first.
    public func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        switch mode {
        case .output: askOutputClose(context, promise)
        case .input: context.close(mode: .input, promise: promise)
        case .all: closeAll(context, promise)
        }
    }

    private func closeAll(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        switch state {
        case .idle, .handshaking:
            // Nothing was said yet that could be cut short.
            release(TLSError(.connectionClosed, "the connection was closed before its handshake was done"))
            context.close(promise: promise)
        case .closed:
            context.close(promise: promise)
        case .closing:
            guard let promise else { return }
            if let closePromise {
                closePromise.futureResult.cascade(to: promise)
            } else {
                closePromise = promise
            }
        case .open:
            sendFlushed(context)
            guard state == .open else { return context.close(promise: promise) }
            sendCloseNotify(context)
            guard state == .open else { return context.close(promise: promise) }
            if hasReceivedClose {
                closePromise = promise
                return finishClosing(context)
            }
            state = .closing
            closePromise = promise
            failPendingWrites()
            timer = context.eventLoop.assumeIsolated().scheduleTask(in: limits.closeTimeout) { [self] in
                finishClosing(context)
            }
            // Whoever reads by hand reads no more; the peer's close_notify still has to come.
            context.read()
        }
    }

    private func failPendingWrites() {
        (pendingBytes, flushedWrites) = (0, 0)
        while let write = pending.popFirst() { write.promise?.fail(ChannelError.ioOnClosedChannel) }
        outputClose?.fail(ChannelError.ioOnClosedChannel)
        outputClose = nil
    }

    /// Closes the transport, in `closing` or where both have said close_notify.
    func finishClosing(_ context: ChannelHandlerContext) {
        guard state == .open || state == .closing else { return }
        let promise = closePromise
        closePromise = nil
        release(TLSError(.connectionClosed, "the connection is closed"))
        context.close(promise: promise)
    }

    func sendCloseNotify(_ context: ChannelHandlerContext) {
        guard !hasSentClose, let connection else { return }
        hasSentClose = true
        connection.closeNotify()
        if let alert = connection.takeOutput() {
            context.writeAndFlush(wrapOutboundOut(alert), promise: nil)
        }
    }

    // MARK: Half-closure

    private func askOutputClose(_ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>?) {
        switch state {
        case .closing, .closed:
            promise?.fail(ChannelError.outputClosed)
        case .idle, .handshaking, .open:
            guard !isOutputCloseAsked else {
                promise?.fail(ChannelError.outputClosed)
                return
            }
            isOutputCloseAsked = true
            outputClose = promise
            // What was written goes out first: closing the output is a way to say "that was all".
            flushedWrites = pending.count
            if state == .open { send(context) }
        }
    }

    /// All is sent: says so, on the TLS layer and on the transport's.
    func closeOutput(_ context: ChannelHandlerContext) {
        let promise = outputClose
        outputClose = nil
        sendCloseNotify(context)
        if hasReceivedClose {
            closePromise = promise
            finishClosing(context)
        } else {
            context.close(mode: .output, promise: promise)
        }
    }
}
