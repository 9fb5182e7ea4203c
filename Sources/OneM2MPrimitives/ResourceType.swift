/// A type of resource (TS-0004 6.3.4.2.1, `m2m:resourceType`), known or not.
///
/// An announced type is the original's number and 10000; a short name is what stands at the root of a representation.
public struct ResourceType: RawRepresentable, Sendable, Hashable {
    /// The number, as `ty` gives it.
    public let rawValue: Int

    /// The type of a number.
    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// `<accessControlPolicy>`
    public static let accessControlPolicy = ResourceType(rawValue: 1)
    /// `<AE>`
    public static let ae = ResourceType(rawValue: 2)
    /// `<container>`
    public static let container = ResourceType(rawValue: 3)
    /// `<contentInstance>`
    public static let contentInstance = ResourceType(rawValue: 4)
    /// `<CSEBase>`
    public static let cseBase = ResourceType(rawValue: 5)
    /// `<delivery>`
    public static let delivery = ResourceType(rawValue: 6)
    /// `<group>`
    public static let group = ResourceType(rawValue: 9)
    /// `<locationPolicy>`
    public static let locationPolicy = ResourceType(rawValue: 10)
    /// `<mgmtObj>`
    public static let mgmtObj = ResourceType(rawValue: 13)
    /// `<node>`
    public static let node = ResourceType(rawValue: 14)
    /// `<pollingChannel>`
    public static let pollingChannel = ResourceType(rawValue: 15)
    /// `<remoteCSE>`
    public static let remoteCSE = ResourceType(rawValue: 16)
    /// `<request>`
    public static let request = ResourceType(rawValue: 17)
    /// `<schedule>`
    public static let schedule = ResourceType(rawValue: 18)
    /// `<subscription>`
    public static let subscription = ResourceType(rawValue: 23)
    /// `<semanticDescriptor>`
    public static let semanticDescriptor = ResourceType(rawValue: 24)
    /// `<flexContainer>`
    public static let flexContainer = ResourceType(rawValue: 28)
    /// `<timeSeries>`
    public static let timeSeries = ResourceType(rawValue: 29)
    /// `<timeSeriesInstance>`
    public static let timeSeriesInstance = ResourceType(rawValue: 30)
    /// `<role>`
    public static let role = ResourceType(rawValue: 31)
    /// `<token>`
    public static let token = ResourceType(rawValue: 32)
    /// `<dynamicAuthorizationConsultation>`
    public static let dynamicAuthorizationConsultation = ResourceType(rawValue: 34)
    /// `<accessTokenAuthority>` of the report on dynamic authorization; the number is this program's own, since the
    /// report gives none and the published standard does not have the type.
    public static let accessTokenAuthority = ResourceType(rawValue: 32_001)
    /// `<accessTokenIssuing>`, virtual; see ``accessTokenAuthority`` about the number.
    public static let accessTokenIssuing = ResourceType(rawValue: 32_002)
    /// `<accessToken>`; see ``accessTokenAuthority`` about the number.
    public static let accessToken = ResourceType(rawValue: 32_003)

    /// What is added to a type's number for its announced kind.
    public static let announcedOffset = 10_000

    /// The announced kind of this type.
    public var announced: ResourceType { ResourceType(rawValue: rawValue + ResourceType.announcedOffset) }

    /// Whether this is an announced kind.
    public var isAnnounced: Bool {
        (ResourceType.announcedOffset + 1..<ResourceType.announcedOffset + 10_000).contains(rawValue)
    }

    /// The type that this is the announced kind of; itself when it is none.
    public var original: ResourceType {
        isAnnounced ? ResourceType(rawValue: rawValue - ResourceType.announcedOffset) : self
    }

    private static let shortNames: [(number: Int, name: String)] = [
        (1, "acp"), (2, "ae"), (3, "cnt"), (4, "cin"), (5, "cb"), (6, "dlv"), (9, "grp"), (10, "lcp"), (13, "mgo"),
        (14, "nod"), (15, "pch"), (16, "csr"), (17, "req"), (18, "sch"), (23, "sub"), (24, "smd"), (28, "fcnt"),
        (29, "ts"), (30, "tsi"), (31, "rol"), (32, "tk"), (34, "dac"),
    ]
    private static let ownNames: [(number: Int, name: String)] = [(32_001, "atau"), (32_002, "atis"), (32_003, "atok")]

    /// The name at the root of a representation: `m2m:cnt`, `m2m:cntA` announced, `gh:atok` for this program's own; nil for
    /// an unknown type. Flexible containers and management objects have the names of their specialisations instead.
    public var shortName: String? {
        let number = original.rawValue
        if let own = Self.ownNames.first(where: { $0.number == number }) { return "gh:\(own.name)" }
        guard let known = Self.shortNames.first(where: { $0.number == number }) else { return nil }
        return "m2m:\(known.name)\(isAnnounced ? "A" : "")"
    }

    /// The type of a representation's root name; nil for one of a specialisation, or unknown.
    public init?(shortName: some StringProtocol) {
        if let own = Self.ownNames.first(where: { "gh:\($0.name)" == shortName }) {
            self.init(rawValue: own.number)
            return
        }
        for (number, name) in Self.shortNames {
            if shortName == "m2m:\(name)" {
                self.init(rawValue: number)
                return
            }
            if shortName == "m2m:\(name)A" {
                self.init(rawValue: number + Self.announcedOffset)
                return
            }
        }
        return nil
    }
}

extension ResourceType: CustomStringConvertible {
    /// `m2m:cnt`, or the number when it is unknown.
    public var description: String { shortName ?? "type \(rawValue)" }
}
