import CoAPMessages
import NIOCore

/// What makes two messages parts of one transfer: the method and the options of the cache key (RFC 7959 §2.4, §2.5;
/// RFC 7252 §5.6), Request-Tag among them.
struct BodyKey: Hashable {
    private let code: Code
    private let options: Options

    init(_ request: Message) {
        code = request.code
        var options = request.options
        options.removeAll { number in
            switch number {
            case .block1, .block2, .size1, .size2, .observe: true
            default: number.isNoCacheKey
            }
        }
        self.options = options
    }
}

/// Bytes that several stores of one loop share.
final class ByteBudget {
    private let limit: Int
    /// What is taken.
    var used = 0

    init(limit: Int) {
        self.limit = limit
    }

    /// Whether so many more may be taken.
    func admits(_ count: Int) -> Bool { used + count <= limit }
}

/// Request bodies that are not whole yet and response bodies that are not fetched yet, of one peer: few, bounded in
/// bytes, and dropped when nothing comes.
struct BodyStore {
    private struct Entry<Content> {
        var content: Content
        var deadline: NIODeadline
    }

    /// What became of a block.
    enum Addition {
        /// Taken; kept until the deadline.
        case added(NIODeadline)
        /// More than the limits allow; what had come is dropped.
        case tooLarge
        /// Not the block that comes next; what had come is dropped.
        case notContiguous
    }

    /// Of the limits only these, for there is a store for each peer.
    private let transfers: Int
    private let bytesLimit: Int
    private let bodySize: Int
    private let timeout: TimeAmount
    private var requests: [BodyKey: Entry<[UInt8]>] = [:]
    private var responses: [BodyKey: Entry<Message>] = [:]
    private(set) var bytes = 0 {
        didSet { shared?.used += bytes - oldValue }
    }
    /// What this store shares with those of other peers, over datagrams.
    private let shared: ByteBudget?

    init(limits: Limits, shared: ByteBudget? = nil) {
        transfers = limits.blockwiseTransfers
        bytesLimit = limits.blockwiseBytes
        bodySize = limits.bodySize
        timeout = limits.blockwiseTimeout
        self.shared = shared
    }

    private func hasRoom(for count: Int) -> Bool {
        bytes + count <= bytesLimit && (shared?.admits(count) ?? true)
    }

    mutating func removeAll() {
        requests = [:]
        responses = [:]
        bytes = 0
    }

    /// Adds a block of a request's body. One at the beginning starts anew (RFC 7959 §2.5).
    mutating func add(_ block: [UInt8], at offset: Int, to key: BodyKey, announced: Int, now: NIODeadline) -> Addition {
        if offset == 0 { removeRequest(key) }
        var entry = requests[key] ?? Entry(content: [], deadline: now)
        guard entry.content.count == offset else {
            removeRequest(key)
            return .notContiguous
        }
        guard max(announced, offset + block.count) <= bodySize else {
            removeRequest(key)
            return .tooLarge
        }
        makeRoom(for: block.count, inRequests: offset == 0)
        guard hasRoom(for: block.count) else {
            removeRequest(key)
            return .tooLarge
        }
        requests[key] = nil
        entry.content += block
        entry.deadline = now + timeout
        bytes += block.count
        requests[key] = entry
        return .added(entry.deadline)
    }

    /// Takes a request's body out.
    mutating func takeRequest(_ key: BodyKey) -> [UInt8] {
        guard let entry = requests.removeValue(forKey: key) else { return [] }
        bytes -= entry.content.count
        return entry.content
    }

    mutating func removeRequest(_ key: BodyKey) {
        _ = takeRequest(key)
    }

    /// Holds a response for the blocks still to be fetched.
    ///
    /// - Returns: until when; nil when there is no room, in which case the handler is asked again.
    mutating func hold(_ response: Message, for key: BodyKey, now: NIODeadline) -> NIODeadline? {
        removeResponse(key)
        guard response.payload.count <= bodySize else { return nil }
        makeRoom(for: response.payload.count, inResponses: true)
        guard hasRoom(for: response.payload.count) else { return nil }
        let deadline = now + timeout
        responses[key] = Entry(content: response, deadline: deadline)
        bytes += response.payload.count
        return deadline
    }

    /// The response held, whose time begins anew.
    mutating func response(_ key: BodyKey, now: NIODeadline) -> Message? {
        guard let entry = responses[key] else { return nil }
        responses[key]?.deadline = now + timeout
        return entry.content
    }

    mutating func removeResponse(_ key: BodyKey) {
        guard let entry = responses.removeValue(forKey: key) else { return }
        bytes -= entry.content.payload.count
    }

    /// Drops responses, which can be made again, the oldest first; and the oldest request when there are too many.
    private mutating func makeRoom(for count: Int, inRequests: Bool = false, inResponses: Bool = false) {
        while !hasRoom(for: count) || inResponses && responses.count >= transfers {
            guard let oldest = responses.min(by: { $0.value.deadline < $1.value.deadline }) else { break }
            removeResponse(oldest.key)
        }
        if inRequests, requests.count >= transfers,
            let oldest = requests.min(by: { $0.value.deadline < $1.value.deadline })
        {
            removeRequest(oldest.key)
        }
    }

    mutating func expire(now: NIODeadline) {
        for (key, entry) in requests where entry.deadline <= now { removeRequest(key) }
        for (key, entry) in responses where entry.deadline <= now { removeResponse(key) }
    }

    var nextDeadline: NIODeadline? {
        let first = requests.values.lazy.map(\.deadline).min()
        let second = responses.values.lazy.map(\.deadline).min()
        return [first, second].compactMap { $0 }.min()
    }
}
