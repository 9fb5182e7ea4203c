import XMPP

/// What a thing tells a registry about itself (XEP-0347 table 1), and what its label says.
public struct ThingTags: Sendable, Hashable {
    /// The value of a tag.
    public enum Value: Sendable, Hashable {
        /// Text of at most 128 characters.
        case text(String)
        /// A number as it is written.
        case number(String)
    }

    /// The longest value of a text (XEP-0347 3.19).
    public static let longestText = 128

    /// The tags in order; names are in capitals.
    public private(set) var tags: [(name: String, value: Value)] = []

    /// No tags.
    public init() {}

    /// The tags of a gateway. The key is what makes its owner of the one who reads the label; without it nobody can claim.
    public init(_ settings: DoorSettings, key: String?) {
        set("SN", .text(settings.serialNumber))
        set("MAN", .text(settings.manufacturer))
        set("MODEL", .text(settings.model))
        // A version of one point is a number; `1.2.3` is cut to `1.2`, which is what the tag can say.
        let parts = settings.version.split(separator: ".").prefix(2).map { $0.prefix { $0.isNumber } }
        if parts.allSatisfy({ !$0.isEmpty }), !parts.isEmpty { set("V", .number(parts.joined(separator: "."))) }
        set("CLASS", .text("Gateway"))
        if let key { set("KEY", .text(key)) }
    }

    /// Gives a tag a value; an empty one takes it away in an update.
    public mutating func set(_ name: String, _ value: Value) {
        var value = value
        if case .text(let text) = value { value = .text(String(text.prefix(ThingTags.longestText))) }
        tags.removeAll { $0.name == name }
        tags.append((name, value))
    }

    /// What the label's QR code says (XEP-0347 3.6): `IoTDisco;SN:1;#V:1.2;KEY:…`.
    public var label: String {
        tags.reduce(into: "IoTDisco") { text, tag in
            switch tag.value {
            case .text(let value):
                text += ";\(tag.name):"
                for character in value {
                    if character == ";" || character == "\\" { text.append("\\") }
                    text.append(character)
                }
            case .number(let value): text += ";#\(tag.name):\(value)"
            }
        }
    }

    /// The elements of the tags.
    var elements: [XMLElement] {
        tags.map { tag in
            switch tag.value {
            case .text(let value): XMLElement("str", IoTNamespace.discovery, ["name": tag.name, "value": value])
            case .number(let value): XMLElement("num", IoTNamespace.discovery, ["name": tag.name, "value": value])
            }
        }
    }

    /// Tags are equal when they say the same in the same order.
    public static func == (left: ThingTags, right: ThingTags) -> Bool { left.label == right.label }
    /// Feeds the label.
    public func hash(into hasher: inout Hasher) { hasher.combine(label) }
}
