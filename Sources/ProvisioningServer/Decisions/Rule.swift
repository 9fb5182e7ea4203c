/// Something that may be allowed or denied.
public enum Action: String, Sendable, Hashable, CaseIterable, Codable {
    /// To be a friend: to know of the device's presence and talk to it.
    case friend
    /// To read fields.
    case read
    /// To set control parameters.
    case control
}

/// Whose devices, by their addresses.
public enum Party: Sendable, Hashable {
    /// All.
    case anybody
    /// Everybody at this domain, and the domain itself.
    case domain(String)
    /// One bare address.
    case address(String)
}

/// Who asks, by what is known of the one.
public enum Subject: Sendable, Hashable {
    /// By the address, or nothing at all.
    case party(Party)
    /// Who has proved to hold the key of this certificate: SHA-256 in lower-case hex.
    case certificate(String)
    /// Who has logged in under this name at a service.
    case user(String)
}

/// One line of what is allowed and denied.
///
/// Rules do not add up to one order. For each node and name that is asked for the most specific rule counts: first by who
/// asks (address, domain, everybody), then by whose device, by the node, by the name; between two that are equally
/// specific, the denial. Each certificate and user that a question brings along is looked at by itself in the same way,
/// and the most forgiving of the results counts (XEP-0324 3.1.5).
public struct Rule: Sendable, Hashable {
    /// Its number, which never comes back for another.
    public var id: Int64
    /// Whether it allows; else it denies.
    public var isAllowed: Bool
    /// What.
    public var action: Action
    /// On whose devices.
    public var device: Party
    /// To whom.
    public var who: Subject
    /// On which nodes; empty for all.
    public var nodes: [NodePattern]
    /// Which fields or parameters; empty for all.
    public var names: [String]
    /// Whether it serves one question and is gone.
    public var isOnce: Bool

    /// A rule.
    public init(
        id: Int64 = 0, isAllowed: Bool = true, _ action: Action, device: Party = .anybody, who: Subject,
        nodes: [NodePattern] = [], names: [String] = [], isOnce: Bool = false
    ) {
        self.id = id
        self.isAllowed = isAllowed
        self.action = action
        self.device = device
        self.who = who
        self.nodes = nodes
        self.names = names
        self.isOnce = isOnce
    }

    /// How specific the rule is, apart from node and name: more is more.
    var rank: Int {
        let who =
            switch who {
            case .party(let party): party.rank
            case .certificate, .user: 2
            }
        return who * 3 + device.rank
    }
}

extension Party {
    var rank: Int {
        switch self {
        case .anybody: 0
        case .domain: 1
        case .address: 2
        }
    }

    /// Whether this bare address is meant.
    func covers(_ address: String) -> Bool {
        switch self {
        case .anybody: true
        case .domain(let domain): Party.domain(of: address) == domain
        case .address(let own): own == address
        }
    }

    /// The domain of a bare address.
    static func domain(of address: String) -> String {
        address.firstIndex(of: "@").map { String(address[address.index(after: $0)...]) } ?? address
    }
}

extension Party: LosslessStringConvertible {
    /// `*`, `domain`, or `local@domain`, in any case; nil when it is none of them.
    public init?(_ text: String) {
        if text == "*" {
            self = .anybody
        } else if let address = Address(text) {
            self = address.isDomain ? .domain(address.text) : .address(address.text)
        } else {
            return nil
        }
    }

    /// The text.
    public var description: String {
        switch self {
        case .anybody: "*"
        case .domain(let text), .address(let text): text
        }
    }
}

extension Subject: LosslessStringConvertible {
    private static let certificatePrefix = "certificate:"
    private static let userPrefix = "user:"

    /// `*`, `domain`, `local@domain`, `certificate:SHA-256 in hex`, `user:NAME`; nil when it is none of them.
    public init?(_ text: String) {
        if text.hasPrefix(Self.certificatePrefix) {
            guard let hex = Self.hex(text.dropFirst(Self.certificatePrefix.count)), hex.utf8.count == 64 else {
                return nil
            }
            self = .certificate(hex)
        } else if text.hasPrefix(Self.userPrefix) {
            let name = String(text.dropFirst(Self.userPrefix.count))
            guard !name.isEmpty else { return nil }
            self = .user(name)
        } else if let party = Party(text) {
            self = .party(party)
        } else {
            return nil
        }
    }

    /// A hash as people write it, with colons or without, in lower case; nil when there is anything but digits of it.
    static func hex(_ text: some StringProtocol) -> String? {
        let digits = String(text.filter { $0 != ":" }).lowercased()
        return digits.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) } ? digits : nil
    }

    /// The text.
    public var description: String {
        switch self {
        case .party(let party): party.description
        case .certificate(let hex): Self.certificatePrefix + hex
        case .user(let name): Self.userPrefix + name
        }
    }
}
