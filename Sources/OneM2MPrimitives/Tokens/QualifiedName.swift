/// Names of the form `name@domain`, which both `m2m:tokenID` and `m2m:roleID` have (TS-0004 6.3.3): the domain says who gave
/// the name, so that it is unique in the world.
public struct QualifiedName: Sendable, Hashable {
    /// Letters, digits, `-`, `.` and `_`.
    public let name: String
    /// A domain's name in small letters.
    public let domain: String

    /// The longest text.
    public static let longestText = 128

    /// The name that a text spells; nil for one of another form.
    public init?(_ text: some StringProtocol) {
        guard text.utf8.count <= Self.longestText else { return nil }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.allSatisfy(Self.mayName),
            Self.isDomain(parts[1])
        else { return nil }
        name = String(parts[0])
        domain = String(parts[1])
    }

    /// A name of these parts, which the caller has made.
    init(name: String, domain: String) {
        self.name = name
        self.domain = domain
    }

    private static func mayName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isDomain(_ text: some StringProtocol) -> Bool {
        text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { part in
            let label = Array(part.utf8)
            let hyphen = UInt8(ascii: "-")
            return (1...63).contains(label.count) && label.first != hyphen && label.last != hyphen
                && label.allSatisfy { byte in
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || byte == hyphen
                }
        }
    }
}

extension QualifiedName: CustomStringConvertible {
    /// `name@domain`
    public var description: String { "\(name)@\(domain)" }
}
