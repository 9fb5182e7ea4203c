import CBOR
import JSONText
import OneM2MPrimitives

/// Bytes to content and back, in the form that was said.
enum ContentCoding {
    /// The value that the bytes say.
    ///
    /// - Throws: ``OneM2MError`` 4000 for what is malformed or beyond ``PrimitiveLimits``.
    static func decode(_ bytes: [UInt8], _ form: Serialization) throws(OneM2MError) -> JSON {
        switch form {
        case .json:
            do throws(JSONError) {
                return try JSON.parse(bytes, limits: PrimitiveLimits.json)
            } catch {
                throw OneM2MError(.badRequest, "the body is no JSON that is taken: \(error)")
            }
        case .cbor:
            let value: CBOR.Value
            do throws(DecodingError) {
                value = try CBOR.decode(bytes, limits: PrimitiveLimits.cbor)
            } catch {
                throw OneM2MError(.badRequest, "the body is no CBOR that is taken: \(error)")
            }
            guard let json = JSON(cbor: value) else {
                throw OneM2MError(.badRequest, "the CBOR holds what oneM2M's data types do not")
            }
            return json
        }
    }

    /// The bytes of a value.
    static func encode(_ value: JSON, _ form: Serialization) -> [UInt8] {
        switch form {
        case .json: Array(value.serialized().utf8)
        case .cbor: CBOR.encode(value.cbor)
        }
    }
}
