import CoAPMessages
import NIOCore

/// What a message is to the session that sends it; datagrams carry each kind in another way.
enum MessageRole {
    /// A request of ours.
    case request(confirmable: Bool)
    /// The answer to a request of the peer, under the request's token.
    case response
    /// A further message of an observation the peer holds.
    ///
    /// - replacing: whether it makes the ones before it worthless.
    case notification(replacing: Bool)
}

/// What carries a session's messages: a stream, or datagrams and the message layer over them.
protocol SessionLink: AnyObject {
    /// Whether messages arrive in the order they were sent in.
    var isOrdered: Bool { get }

    /// Sends a message, after all that was sent before.
    func send(_ message: Message, as role: MessageRole)

    /// The handler let the request of this token go without an answer.
    func dropped(_ token: Token)

    /// Our request of this token is given up: nobody waits for its response any more.
    func abandoned(_ token: Token)

    /// The observation the peer held under this token has ended.
    func observerEnded(_ token: Token)

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

extension SessionLink {
    /// A stream keeps the order.
    var isOrdered: Bool { true }

    /// A stream has nothing to forget.
    func dropped(_ token: Token) {}

    /// A stream has nothing to forget.
    func abandoned(_ token: Token) {}

    /// A stream has nothing to forget.
    func observerEnded(_ token: Token) {}
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
