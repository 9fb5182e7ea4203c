import CBOR
import JSONText

/// oneM2M's CBOR carries the same data model as its JSON (TS-0004 8.5): the same names, texts, numbers and lists.
extension JSON {
    /// The JSON value that a CBOR item says; nil when it holds what JSON cannot: byte strings, keys that are no text,
    /// infinities, simple values. Tags are looked through.
    public init?(cbor value: CBOR.Value) {
        switch value.untagged {
        case .unsigned(let number): self = .int(number)
        case .negative(let number): self = .number(JSONNumber(-1 - Int128(number)))
        case .text(let text): self = .string(text)
        case .boolean(let flag): self = .bool(flag)
        case .null: self = .null
        case .double(let double):
            guard let number = JSONNumber(double) else { return nil }
            self = .number(number)
        case .array(let items):
            var elements: [JSON] = []
            elements.reserveCapacity(items.count)
            for item in items {
                guard let element = JSON(cbor: item) else { return nil }
                elements.append(element)
            }
            self = .array(elements)
        case .map(let map):
            guard map.count <= PrimitiveLimits.members else { return nil }
            var pairs: [(String, JSON)] = []
            pairs.reserveCapacity(map.count)
            for (key, value) in map {
                guard let name = key.string, let element = JSON(cbor: value) else { return nil }
                pairs.append((name, element))
            }
            // A map's keys differ as bytes, an object's names as text; two that differ in canonical form alone are one.
            let object = JSONObject(pairs)
            guard object.count == pairs.count else { return nil }
            self = .object(object)
        case .bytes, .simple, .undefined, .tagged: return nil
        }
    }

    /// The CBOR item of this value; a number without fraction and exponent is an integer, another a float.
    public var cbor: CBOR.Value {
        switch self {
        case .null: .null
        case .bool(let flag): .boolean(flag)
        case .number(let number):
            if let unsigned = number.uint64 {
                .unsigned(unsigned)
            } else if let negative = number.int {
                .int(negative)
            } else {
                .double(number.double)
            }
        case .string(let text): .text(text)
        case .array(let elements): .array(elements.map(\.cbor))
        case .object(let object): .map(Map(object.map { (key: .text($0.name), value: $0.value.cbor) }))
        }
    }
}

/// What a primitive may be at most, in either form: half a MiB is a content instance of the largest size and its frame,
/// 16 levels are twice what any resource nests.
public enum PrimitiveLimits {
    /// For JSON.
    public static let json = JSONLimits(bytes: 1 << 19, depth: 24, values: 20_000)
    /// Members of one CBOR map; an object looks for its members from the front, so many would cost their square.
    public static let members = 1024
    /// For CBOR.
    public static let cbor = Limits(depth: 24, length: 1 << 19, items: 40_000)
}
