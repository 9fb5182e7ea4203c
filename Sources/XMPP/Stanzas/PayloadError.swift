/// Why a payload makes no sense.
public struct PayloadError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of fault.
    public enum Code: Sendable, Hashable {
        /// Another element than expected.
        case wrongElement
        /// A required attribute or child is not there.
        case missing
        /// A value is not of its type.
        case badValue
        /// More than is taken at once.
        case tooMany
    }

    /// The kind.
    public let code: Code
    /// A sentence for people.
    public let reason: String

    /// A fault.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// Faults are equal when their codes are.
    public static func == (left: PayloadError, right: PayloadError) -> Bool { left.code == right.code }

    /// Feeds the code.
    public func hash(into hasher: inout Hasher) { hasher.combine(code) }

    /// The sentence.
    public var description: String { reason }

    /// The answer to it.
    public var stanzaError: StanzaError { StanzaError(.badRequest, reason) }
}

extension XMLElement {
    /// A required attribute.
    public func required(_ name: String) throws(PayloadError) -> String {
        guard let value = self[name] else { throw PayloadError(.missing, "<\(self.name)> has no \(name)") }
        return value
    }

    /// An `xs:boolean` attribute with its default.
    public func flag(_ name: String, default fallback: Bool = false) throws(PayloadError) -> Bool {
        guard let text = self[name] else { return fallback }
        guard let value = XMLElement.boolean(text) else {
            throw PayloadError(.badValue, "\(name) is \"\(text.prefix(32))\"; true, false, 1 or 0 was expected")
        }
        return value
    }

    /// An `xs:int` attribute.
    public func integer(_ name: String) throws(PayloadError) -> Int32 {
        let text = try required(name)
        guard let value = Int32(text) else {
            throw PayloadError(.badValue, "\(name) is \"\(text.prefix(32))\"; a whole number was expected")
        }
        return value
    }
}
