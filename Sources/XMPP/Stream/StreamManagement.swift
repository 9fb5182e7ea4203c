import NIOCore

/// What both sides have got of each other, so that a stream can be taken up again (XEP-0198) as a value.
struct StreamManagement: Sendable, Hashable {
    /// Bounds of what waits for the server's word.
    struct Limits: Sendable, Hashable {
        /// Stanzas that the server has not acknowledged. 10,000: what a flood of requests has on the way while the server is
        /// slow to acknowledge; each costs 50 bytes beside its own.
        var stanzas = 10_000
        /// Their bytes. 2 MB: twice the read-out of 1,000 nodes; some minutes of a house's measurements while the network
        /// is away.
        var bytes = 2 << 20
        /// After so many stanzas the server is asked for its word: often enough to keep the queue short.
        var requestInterval = 8
    }

    /// The name of the session.
    let id: String
    /// How long the server keeps the session, in seconds; nil when it does not say.
    let maximumSeconds: Int?
    /// Where the server would have us take the session up again; nil when it does not say.
    let location: String?
    /// How many stanzas we have taken, modulo 2^32.
    private(set) var received: UInt32 = 0
    /// How many of ours the server has taken, modulo 2^32.
    private(set) var acknowledged: UInt32 = 0
    /// The stanzas sent and not acknowledged, as they were written.
    private(set) var queue: CircularBuffer<[UInt8]> = []
    private(set) var queuedBytes = 0
    private var sinceRequest = 0

    init(id: String, maximumSeconds: Int?, location: String? = nil) {
        self.id = id
        self.maximumSeconds = maximumSeconds
        self.location = location
    }

    /// Counts a stanza that has come.
    mutating func took() { received &+= 1 }

    /// Keeps a stanza until the server has it; false when there is no room.
    mutating func keep(_ bytes: [UInt8], _ limits: Limits) -> Bool {
        guard queue.count < limits.stanzas, queuedBytes + bytes.count <= limits.bytes else { return false }
        queue.append(bytes)
        queuedBytes += bytes.count
        sinceRequest += 1
        return true
    }

    /// Whether three quarters are taken: the rest is for short answers.
    func isCongested(_ limits: Limits) -> Bool {
        queue.count > limits.stanzas / 4 * 3 || queuedBytes > limits.bytes / 4 * 3
    }

    /// Whether the server is to be asked now.
    mutating func wantsRequest(_ limits: Limits) -> Bool {
        guard sinceRequest >= limits.requestInterval else { return false }
        sinceRequest = 0
        return true
    }

    /// Takes the server's word; false when it has taken more than was sent.
    mutating func acknowledge(_ handled: UInt32) -> Bool {
        // The count goes round after 2^32 (XEP-0198 5).
        let count = handled &- acknowledged
        guard count <= queue.count else { return false }
        for _ in 0..<count { queuedBytes -= queue.removeFirst().count }
        acknowledged = handled
        return true
    }

    /// For tests: begins near the end of the count.
    mutating func setCounts(received: UInt32, acknowledged: UInt32) {
        self.received = received
        self.acknowledged = acknowledged
    }

    static let request = XMLElement("r", Namespace.streamManagement)

    var acknowledgement: XMLElement {
        XMLElement("a", Namespace.streamManagement, ["h": "\(received)"])
    }

    var resume: XMLElement {
        XMLElement("resume", Namespace.streamManagement, ["h": "\(received)", "previd": id])
    }
}
