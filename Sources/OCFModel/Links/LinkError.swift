import CBOR

/// Why a CBOR value is not a link.
public struct LinkError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of error.
    public enum Code: Sendable, Hashable {
        /// The value is no map.
        case notAMap
        /// A mandatory member is absent.
        case missing
        /// A member is not of the type the schema gives it.
        case wrongType
        /// A member is longer, or has more items, than is accepted.
        case tooLong
    }

    /// What kind of error.
    public let code: Code
    /// The member at fault.
    public let member: String
    /// What was found and what was expected, for people.
    public let reason: String

    init(_ code: Code, member: String, found: CBOR.Value?, expected: String) {
        self.code = code
        self.member = member
        let what = found.map { String("\($0)".prefix(64)) } ?? "nothing"
        reason = "found \(what), expected \(expected)"
    }

    /// Errors are equal when their codes and members are.
    public static func == (left: LinkError, right: LinkError) -> Bool {
        left.code == right.code && left.member == right.member
    }

    /// Feeds what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(code)
        hasher.combine(member)
    }

    /// A sentence for people.
    public var description: String {
        "link, member \(member): \(reason)"
    }
}
