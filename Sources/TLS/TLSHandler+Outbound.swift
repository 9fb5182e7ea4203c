import NIOCore

extension TLSHandler {
    /// As much plaintext is encrypted between two looks at the transport's writability. Four full records.
    private static let sendSlice = 65_536

    /// Keeps plaintext until it is flushed.
    public func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let buffer = unwrapOutboundIn(data)
        switch state {
        case .closing, .closed:
            promise?.fail(failure ?? TLSError(.connectionClosed, "the connection is closed"))
        case .idle, .handshaking, .open:
            guard !isOutputCloseAsked else {
                promise?.fail(ChannelError.outputClosed)
                return
            }
            guard pendingBytes + buffer.readableBytes <= limits.pendingWriteBytes else {
                let error = TLSError(
                    .writeBufferFull,
                    "more than \(limits.pendingWriteBytes) bytes wait to be sent; the peer does not take them")
                promise?.fail(error)
                // A stream with a hole is worth nothing.
                return fail(error, context)
            }
            pendingBytes += buffer.readableBytes
            pending.append(PendingWrite(buffer: buffer, promise: promise))
        }
    }

    /// Encrypts and sends what was written.
    public func flush(context: ChannelHandlerContext) {
        flushedWrites = pending.count
        switch state {
        case .open: send(context)
        case .idle, .handshaking, .closing, .closed: context.flush()
        }
    }

    /// Goes on sending when the transport takes more.
    public func channelWritabilityChanged(context: ChannelHandlerContext) {
        if state == .open && context.channel.isWritable { send(context) }
        context.fireChannelWritabilityChanged()
    }

    /// Sends flushed writes as long as the transport takes them. Promises that complete on the way may write, flush
    /// and close: the outermost call does the work.
    func send(_ context: ChannelHandlerContext) {
        guard !isSending else { return }
        isSending = true
        defer { isSending = false }
        do {
            while state == .open, flushedWrites > 0, context.channel.isWritable {
                try sendSlice(context)
                // Often, so that the transport's answer, writable or not, is up to date.
                context.flush()
            }
        } catch {
            return fail(error, context)
        }
        if state == .open && isOutputCloseAsked && !hasSentClose && pending.isEmpty { closeOutput(context) }
    }

    /// Sends what the transport takes of the flushed writes, also from within a promise of such a write: `close()`
    /// after `writeAndFlush` is to lose nothing that could have gone out.
    func sendFlushed(_ context: ChannelHandlerContext) {
        do {
            while state == .open, flushedWrites > 0, context.channel.isWritable { try sendSlice(context) }
        } catch {
            fail(error, context)
        }
    }

    private func sendSlice(_ context: ChannelHandlerContext) throws(TLSError) {
        var left = Self.sendSlice
        while state == .open, left > 0, flushedWrites > 0, let connection {
            let index = pending.startIndex
            guard let slice = pending[index].buffer.readSlice(length: min(left, pending[index].buffer.readableBytes))
            else { return }
            pendingBytes -= slice.readableBytes
            left -= max(1, slice.readableBytes)
            var promise: EventLoopPromise<Void>?
            if pending[index].buffer.readableBytes == 0 {
                promise = pending.removeFirst().promise
                flushedWrites -= 1
            }
            do {
                try connection.write(slice.readableBytesView)
            } catch {
                promise?.fail(error)
                throw error
            }
            if let records = connection.takeOutput() {
                context.write(wrapOutboundOut(records), promise: promise)
            } else {
                // An empty write: done when what stands before it is.
                context.write(wrapOutboundOut(ByteBuffer()), promise: promise)
            }
        }
    }
}
