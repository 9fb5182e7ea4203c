/// How much of everything a server keeps and does. Reaching a limit refuses the newcomer by name and harms nobody else.
public enum ServerLimits {
    /// Devices known, those included that a person has not let in yet: a large building, and 1 MB in memory.
    public static let devices = 10_000
    /// Devices that wait to be let in. A stranger costs a row; a hundred is more than a person looks through.
    public static let waitingDevices = 100
    /// Rules in all; each takes some 400 bytes in memory.
    public static let rules = 1_000_000
    /// Rules of one action for the same one on the same devices: they are looked at one by one.
    public static let rulesTogether = 1_000
    /// Nodes and names in one rule: a question has to be answered with them in one stanza.
    public static let rulePatterns = 256
    /// Bytes of a name in a rule, as the gateway's payloads bound it.
    public static let nameBytes = 1_024
    /// Questions of one device that wait for a person, and those of all: what a person can answer.
    public static let pendingOfDevice = 100
    /// All that wait for a person.
    public static let pending = 10_000
    /// Nodes and names noted of one device.
    public static let knownThings = 4_096
    /// Certificates that one address has tokens for: its own, and those of a few services.
    public static let certificatesOfAddress = 8
    /// Tokens of one certificate that are good: the newest; one whose answer was lost may be asked for again.
    public static let tokensOfCertificate = 4
    /// Certificates in all, of which each may be of 16 KB: a gigabyte at the very worst, 100 MB as they are.
    public static let certificates = 65_536
    /// Challenges of one requester that are open, and of all: each is kept a minute at least and never pushed out.
    public static let challengesOfRequester = 8
    /// All open challenges.
    public static let challenges = 10_000
    /// Proofs of tokens that are remembered; the oldest goes.
    public static let proofs = 10_000
    /// Tokens that count in one question: the question waits for the proof of each.
    public static let tokensInQuestion = 8
    /// Sessions of users that are open at one service.
    public static let sessionsOfService = 10_000
    /// Messages that wait for a device to come.
    public static let noticesOfDevice = 256
    /// Lines of the audit trail; the oldest go.
    public static let auditLines = 100_000
    /// Questions a second of one address in the long run, and as many at once: a gateway of a thousand nodes that has lost
    /// its cache asks them all.
    public static let questionsPerSecond = 1_000
    /// Requests with RSA in them (0.05 to 1 ms each) a second of one address, and as many at once.
    public static let certificatesPerSecond = 5
    /// The same for all addresses together, so that many strangers take no more than a fifth of the loop.
    public static let certificatesOfAllPerSecond = 200
    /// Addresses whose rate is watched: all devices at once. When so many ask within a second, others are told to wait.
    public static let watchedAddresses = 10_000
    /// Questions of all devices that wait for proofs of tokens or the database.
    public static let waitingQuestions = 4_096
}
