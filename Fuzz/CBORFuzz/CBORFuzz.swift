import CBOR

/// What libFuzzer calls: whatever decodes must survive encode and decode unchanged, and nothing may trap.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let value = try? decode(bytes) else { return 0 }
    _ = value.description
    for options in [EncodingOptions.deterministic, .asWritten] {
        let encoded = encode(value, options)
        guard let again = try? decode(encoded) else { preconditionFailure("what was encoded does not decode") }
        precondition(again == value, "the value changed")
        precondition(again.hashValue == value.hashValue, "the hash changed")
        precondition(encode(again, options) == encoded, "the encoding is not stable")
    }
    return 0
}
