/// A media type with its parameters: the value of `Content-Type`, or one item of `Accept` (RFC 9110 8.3.1).
struct MediaType: Sendable, Hashable {
    /// Type and subtype in lower case.
    let essence: String
    /// The parameters in order, names in lower case.
    let parameters: [(name: String, value: String)]

    /// Parameters that are looked at; oneM2M has one.
    static let mostParameters = 8

    /// The type of a text; nil when it is none.
    init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ";", omittingEmptySubsequences: false)
        guard let first = parts.first, parts.count <= Self.mostParameters + 1 else { return nil }
        let essence = Self.trimmed(first).lowercased()
        let halves = essence.split(separator: "/", omittingEmptySubsequences: false)
        guard halves.count == 2, halves.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy(Self.isToken) }) else {
            return nil
        }
        self.essence = essence
        var parameters: [(name: String, value: String)] = []
        for part in parts.dropFirst() {
            let part = Self.trimmed(part)
            if part.isEmpty { continue }
            guard let equals = part.utf8.firstIndex(of: UInt8(ascii: "=")) else { return nil }
            var value = part[part.index(after: equals)...]
            if value.count >= 2, value.hasPrefix("\""), value.hasSuffix("\"") { value = value.dropFirst().dropLast() }
            parameters.append((part[..<equals].lowercased(), String(value)))
        }
        self.parameters = parameters
    }

    /// The first parameter of a name.
    subscript(name: String) -> String? { parameters.first { $0.name == name }?.value }

    static func == (left: MediaType, right: MediaType) -> Bool {
        left.essence == right.essence && left.parameters.elementsEqual(right.parameters, by: ==)
    }

    func hash(into hasher: inout Hasher) { hasher.combine(essence) }

    private static func trimmed(_ text: some StringProtocol) -> String {
        var bytes = Substring(text).utf8[...]
        while let first = bytes.first, first == 0x20 || first == 0x09 { bytes.removeFirst() }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return String(Substring(bytes))
    }

    /// RFC 9110 5.6.2, and the star of ranges.
    private static func isToken(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): true
        default: "!#$%&'*+-.^_`|~".utf8.contains(byte)
        }
    }
}

/// How a representation, or a whole primitive, is written.
public enum Serialization: Sendable, Hashable, CaseIterable {
    /// TS-0004 8.4.
    case json
    /// TS-0004 8.5.
    case cbor
}

/// What a body is: in which form, and whether it is the content of a primitive or a primitive itself.
struct ContentKind: Sendable, Hashable {
    /// What it holds.
    enum Part: Sendable, Hashable {
        /// The `pc` of a primitive.
        case content
        /// A whole request.
        case request
        /// A whole response.
        case response
    }

    let serialization: Serialization
    let part: Part

    /// The kind of a media type (TS-0009 6.4.2.4, TS-0004 6.7); nil for XML and all else.
    init?(mediaType essence: String) {
        switch essence {
        case "application/json", "application/vnd.onem2m-res+json", "application/vnd.onem2m-ntfy+json":
            (serialization, part) = (.json, .content)
        case "application/cbor", "application/vnd.onem2m-res+cbor", "application/vnd.onem2m-ntfy+cbor":
            (serialization, part) = (.cbor, .content)
        case "application/vnd.onem2m-preq+json": (serialization, part) = (.json, .request)
        case "application/vnd.onem2m-preq+cbor": (serialization, part) = (.cbor, .request)
        case "application/vnd.onem2m-prsp+json": (serialization, part) = (.json, .response)
        case "application/vnd.onem2m-prsp+cbor": (serialization, part) = (.cbor, .response)
        default: return nil
        }
    }

    /// The kind of a CoAP content format (TS-0008 6.2.4); nil for XML and all else.
    init?(contentFormat: UInt16) {
        switch contentFormat {
        case 50, 10_001, 10_003: (serialization, part) = (.json, .content)
        case 60, 10_010, 10_011: (serialization, part) = (.cbor, .content)
        case 10_007: (serialization, part) = (.json, .request)
        case 10_012: (serialization, part) = (.cbor, .request)
        case 10_009: (serialization, part) = (.json, .response)
        case 10_013: (serialization, part) = (.cbor, .response)
        default: return nil
        }
    }
}

extension Serialization {
    /// The plain media type.
    var mediaType: String {
        switch self {
        case .json: "application/json"
        case .cbor: "application/cbor"
        }
    }

    /// What an `Accept` header asks for: the form with the highest weight; nil when
    /// neither is accepted.
    ///
    /// - Parameter preferred: the form that wins where both weigh the same.
    public init?(accept text: String, preferring preferred: Serialization = .json) {
        var weights: [Serialization: Int] = [:]
        var isSpecific: [Serialization: Bool] = [:]
        for item in text.split(separator: ",").prefix(Self.mostAccepted) {
            guard let type = MediaType(item) else { continue }
            let weight = Self.weight(type["q"])
            let isRange = type.essence == "*/*" || type.essence == "application/*"
            let forms: [Serialization] =
                isRange ? Self.allCases : ContentKind(mediaType: type.essence).map { [$0.serialization] } ?? []
            for form in forms {
                // RFC 9110 12.5.1: what is named goes before what is meant along with others.
                if isSpecific[form] == true, isRange { continue }
                weights[form] = isSpecific[form] == true ? max(weights[form] ?? 0, weight) : weight
                isSpecific[form] = !isRange
            }
        }
        let json = weights[.json] ?? 0
        let cbor = weights[.cbor] ?? 0
        guard max(json, cbor) > 0 else { return nil }
        self = json == cbor ? preferred : json > cbor ? .json : .cbor
    }

    /// Items of an `Accept` header that are looked at.
    private static let mostAccepted = 16

    /// The weight in thousandths (RFC 9110 12.4.2); what is none weighs nothing.
    private static func weight(_ text: String?) -> Int {
        guard let text else { return 1000 }
        guard text.utf8.count <= 5, let value = Double(text), (0...1).contains(value) else { return 0 }
        return Int(value * 1000)
    }
}
