import Concentrator
import XMPP

/// What the door is told about the house.
public struct DoorSettings: Sendable {
    /// How a peer talks: which years' text of the extensions it was written against.
    public enum Dialect: String, Sendable, Hashable, CaseIterable {
        /// The current texts (0323 v0.6, 0325 v0.5, 0326 v0.4).
        case current
        /// Beside the stanza error also what the texts of 2013 had: `rejected`, and `responseCode` of `setResponse`.
        case y2013 = "2013"
    }

    /// The bounds of the door.
    public struct Limits: Sendable {
        /// Read-outs that run at once; more wait their turn, which is what `queued` is for.
        public var running = 32
        /// Read-outs of one peer, running and waiting: enough for a dashboard that asks for each room by itself.
        public var readoutsPerPeer = 64
        /// Read-outs that wait, of all peers; 1 KB each when they name some nodes.
        public var waiting = 256
        /// The furthest that `when` may lie ahead: a request that outlives a day outlives its asker.
        public var horizon: Double = 86_400
        /// Bytes of one message. Servers take 64 KB (ejabberd) to 256 KB (Prosody); 16 KB keep the stream free for others.
        public var messageBytes = 16_384
        /// Nodes named in one failure message; a reason is a sentence.
        public var failuresPerMessage = 64
        /// How long a thing may take to be read or written.
        public var thingTimeout: Duration = .seconds(30)
        /// Subscribers to events, each with its own choice of sources.
        public var subscriptions = 64
        /// Events that wait for one subscriber; the oldest go.
        public var eventsPerSubscriber = 1_024
        /// Events kept for who comes later.
        public var eventLog = 512
        /// Rows of a query in one message.
        public var rowsPerMessage = 50
        /// Queries that run at once.
        public var queries = 16

        /// The limits above.
        public init() {}
    }

    /// The gateway's name for people.
    public var name: String
    /// Who made it.
    public var manufacturer: String
    /// What it is.
    public var model: String
    /// The version of its software.
    public var version: String
    /// Its serial number.
    public var serialNumber: String
    /// Peers that talk as in 2013: bare addresses or domains.
    public var oldPeers: Set<String>
    /// The bounds.
    public var limits = Limits()

    /// Settings.
    public init(
        name: String, manufacturer: String, model: String, version: String, serialNumber: String,
        oldPeers: Set<String> = []
    ) {
        self.name = name
        self.manufacturer = manufacturer
        self.model = model
        self.version = version
        self.serialNumber = serialNumber
        self.oldPeers = oldPeers
    }

    /// How a peer talks.
    func dialect(of jid: JID) -> Dialect {
        oldPeers.contains(jid.bare.description) || oldPeers.contains(jid.domain) ? .y2013 : .current
    }
}
