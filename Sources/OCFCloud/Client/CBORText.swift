import CBOR
import Foundation
import JSONText

/// Between CBOR, which devices speak, and JSON, which people and scripts do.
public enum CBORText {
    /// CBOR as JSON (RFC 8949 §6.1): byte strings become base64url, tags vanish, what JSON cannot say becomes null.
    public static func json(_ value: CBOR.Value) -> JSON {
        switch value {
        case .unsigned(let number): .int(number)
        case .negative: value.int.map { .int($0) } ?? .double(value.number ?? .nan)
        case .bytes(let bytes): .string(Data(bytes).base64URL)
        case .text(let text): .string(text)
        case .array(let items): .array(items.map(json))
        case .map(let map): .object(JSONObject(map.map { (name(of: $0.key), json($0.value)) }))
        case .tagged(_, let inner): json(inner)
        case .boolean(let flag): .bool(flag)
        case .double(let number): .double(number)
        case .simple, .null, .undefined: .null
        }
    }

    /// JSON as CBOR: numbers without a fraction become integers (RFC 8949 §6.2).
    public static func cbor(_ json: JSON) -> CBOR.Value {
        switch json {
        case .null: .null
        case .bool(let flag): .boolean(flag)
        case .number(let number): number.int.map { .int($0) } ?? .double(number.double)
        case .string(let text): .text(text)
        case .array(let items): .array(items.map(cbor))
        case .object(let object): .map(CBOR.Map(object.map { (key: .text($0.name), value: cbor($0.value)) }))
        }
    }

    /// A value as typed on a command line: a JSON value where it is one, else text.
    public static func typed(_ text: String) -> CBOR.Value {
        (try? JSON.parse(text)).map(cbor) ?? .text(text)
    }

    private static func name(of key: CBOR.Value) -> String {
        key.string ?? json(key).serialized()
    }
}
