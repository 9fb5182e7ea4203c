import CoAPMessages
import NIOCore

/// What carries a session's messages: a stream here, datagrams elsewhere.
protocol SessionLink: AnyObject {
    /// Sends a request, response or notification, after all that was sent before.
    func send(_ message: Message)

    /// The bytes a message takes on the wire, as ``TransferLimits/messageSize`` counts them.
    func length(of message: Message) -> Int

    /// What the peer takes.
    var transfer: TransferLimits { get }

    /// Runs `action` once ``TransferLimits/isSettled`` holds, or the connection is closed.
    func whenSettled(_ action: @escaping () -> Void)

    /// Whether the peer keeps up with reading.
    var isWritable: Bool { get }

    /// Asks for a sign of life.
    func ping(custody: Bool, timeout: TimeAmount, promise: EventLoopPromise<Bool>)

    /// Tells the peer to make no more requests.
    func release()

    /// Closes once all that was sent has been written.
    func close(_ error: CoAPError)
}

/// What a peer takes.
struct TransferLimits {
    /// The largest message, in bytes.
    var messageSize: Int
    /// Whether several blocks may go in one message (RFC 8323 §6).
    var admitsBERT: Bool
    /// Whether the peer has said so, or can be taken to say nothing.
    var isSettled: Bool

    /// How a body is cut for a message whose other parts take `overhead` bytes.
    ///
    /// - Parameter wish: the exponent the peer asked for, or has been sent before; never exceeded.
    /// - Returns: nil when not even 16 bytes fit.
    func cut(overhead: Int, wish: UInt8?) -> (exponent: UInt8, count: Int)? {
        let room = messageSize - overhead
        if admitsBERT, room >= 2048, wish ?? Block.bertExponent == Block.bertExponent {
            return (Block.bertExponent, room / 1024 * 1024)
        }
        guard let fitting = Block.exponent(fitting: room) else { return nil }
        let exponent = min(fitting, wish ?? fitting, Block.largestExponent)
        return (exponent, Block.size(exponent: exponent))
    }
}
