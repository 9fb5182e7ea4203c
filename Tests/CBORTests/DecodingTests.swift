import CBOR
import Testing

@Suite struct DecodingTests {
    struct Bad: Sendable, CustomTestStringConvertible {
        let bytes: String
        let code: DecodingError.Code
        let offset: Int
        init(_ bytes: String, _ code: DecodingError.Code, at offset: Int) {
            self.bytes = bytes
            self.code = code
            self.offset = offset
        }
        var testDescription: String { bytes }
    }

    /// RFC 8949 appendix F.1, each kind of it, and the validity rules.
    static let bad: [Bad] = [
        Bad("", .truncated, at: 0),
        Bad("18", .truncated, at: 0), Bad("19", .truncated, at: 0), Bad("1a", .truncated, at: 0),
        Bad("1b", .truncated, at: 0), Bad("1901", .truncated, at: 0), Bad("1a0102", .truncated, at: 0),
        Bad("1b01020304050607", .truncated, at: 0), Bad("38", .truncated, at: 0), Bad("58", .truncated, at: 0),
        Bad("78", .truncated, at: 0), Bad("98", .truncated, at: 0), Bad("9a01ff00", .truncated, at: 0),
        Bad("b8", .truncated, at: 0), Bad("d8", .truncated, at: 0), Bad("f8", .truncated, at: 0),
        Bad("f900", .truncated, at: 0), Bad("fa0000", .truncated, at: 0), Bad("fb000000", .truncated, at: 0),
        Bad("41", .truncated, at: 0), Bad("61", .truncated, at: 0), Bad("5affffffff00", .truncated, at: 0),
        Bad("5bffffffffffffffff010203", .truncated, at: 0), Bad("7affffffff00", .truncated, at: 0),
        Bad("7b7fffffffffffffff010203", .truncated, at: 0),
        Bad("81", .truncated, at: 0), Bad("818181818181818181", .truncated, at: 8), Bad("8200", .truncated, at: 0),
        Bad("820041", .truncated, at: 2), Bad("a1", .truncated, at: 0), Bad("a20102", .truncated, at: 0),
        Bad("a100", .truncated, at: 0), Bad("a2000000", .truncated, at: 0), Bad("c0", .truncated, at: 1),
        Bad("9bffffffffffffffff00", .truncated, at: 0), Bad("bbffffffffffffffff0000", .truncated, at: 0),
        Bad("5f4100", .truncated, at: 3), Bad("7f6100", .truncated, at: 3),
        Bad("9f", .truncated, at: 1), Bad("9f0102", .truncated, at: 3), Bad("bf", .truncated, at: 1),
        Bad("bf01020102", .duplicateKey, at: 3), Bad("819f", .truncated, at: 2), Bad("9f80009f9f", .truncated, at: 5),
        Bad("1c", .reservedInformation, at: 0), Bad("1d", .reservedInformation, at: 0),
        Bad("1e", .reservedInformation, at: 0), Bad("3c", .reservedInformation, at: 0),
        Bad("5c", .reservedInformation, at: 0), Bad("7e", .reservedInformation, at: 0),
        Bad("9d", .reservedInformation, at: 0), Bad("bc", .reservedInformation, at: 0),
        Bad("dc", .reservedInformation, at: 0), Bad("fc", .reservedInformation, at: 0),
        Bad("fe", .reservedInformation, at: 0),
        Bad("1f", .reservedInformation, at: 0), Bad("3f", .reservedInformation, at: 0),
        Bad("df", .reservedInformation, at: 0),
        Bad("f800", .reservedSimple, at: 0), Bad("f814", .reservedSimple, at: 0), Bad("f818", .reservedSimple, at: 0),
        Bad("81f81f", .reservedSimple, at: 1),
        Bad("5f00ff", .wrongChunk, at: 1), Bad("5f6100ff", .wrongChunk, at: 1), Bad("5f21ff", .wrongChunk, at: 1),
        Bad("5f80ff", .wrongChunk, at: 1), Bad("5fc000ff", .wrongChunk, at: 1), Bad("7f4100ff", .wrongChunk, at: 1),
        Bad("5f5f4100ffff", .wrongChunk, at: 1), Bad("7f7f6100ffff", .wrongChunk, at: 1),
        Bad("ff", .unexpectedBreak, at: 0), Bad("81ff", .unexpectedBreak, at: 1),
        Bad("8200ff", .unexpectedBreak, at: 2),
        Bad("a1ff", .truncated, at: 0), Bad("a1ff00", .unexpectedBreak, at: 1), Bad("a100ff", .unexpectedBreak, at: 2),
        Bad("9f81ff", .unexpectedBreak, at: 2), Bad("bf00ff", .unexpectedBreak, at: 2),
        Bad("bf000000ff", .unexpectedBreak, at: 4), Bad("c0ff", .unexpectedBreak, at: 1),
        Bad("0000", .trailingBytes, at: 1), Bad("f6ff", .trailingBytes, at: 1),
        Bad("61ff", .invalidUTF8, at: 0), Bad("62c080", .invalidUTF8, at: 0), Bad("63eda080", .invalidUTF8, at: 0),
        Bad("7f61c361bcff", .invalidUTF8, at: 1),
        Bad("a2616101616102", .duplicateKey, at: 4), Bad("a2f93c0001fa3f80000002", .duplicateKey, at: 5),
    ]

    @Test(arguments: bad) func refused(_ bad: Bad) throws {
        let error = #expect(throws: DecodingError.self) { try decode(hex(bad.bytes)) }
        #expect(error?.code == bad.code)
        #expect(error?.offset == bad.offset)
        #expect(error?.description.contains("byte \(bad.offset)") == true)
    }

    @Test func everyPrefixOfAnAnswerIsTruncated() throws {
        let whole = encode(["a": [1, 2.5, true, .bytes([1, 2, 3]), ["x": "y"]], "b": .tagged(32, "coap://x")])
        for count in 0..<whole.count {
            let error = #expect(throws: DecodingError.self) { try decode(Array(whole[..<count])) }
            #expect(error?.code == .truncated)
        }
    }

    @Test func depthIsLimited() throws {
        let limits = Limits(depth: 4, length: 1000, items: 1000)
        for opener in ["81", "9f", "c1", "a100", "bf00"] {
            let inside = hex(String(repeating: opener, count: 5) + "00")
            let error = #expect(throws: DecodingError.self) { try decode(inside, limits: limits) }
            #expect(error?.code == .tooDeep)
            #expect(error?.offset == 4 * hex(opener).count)
        }
        #expect(try decode(hex("8181818100"), limits: limits) == [[[[0]]]])
    }

    @Test func aMillionOpenersDoNotExhaustTheStack() {
        for opener: UInt8 in [0x81, 0x9F, 0xC1, 0xBF] {
            let error = #expect(throws: DecodingError.self) {
                try decode(
                    [UInt8](repeating: opener, count: 1_000_000),
                    limits: Limits(depth: .max, length: .max, items: .max))
            }
            #expect(error?.code == .tooDeep)
        }
    }

    @Test func lengthIsLimited() {
        let text = encode(.text(String(repeating: "x", count: 100)))
        let error = #expect(throws: DecodingError.self) {
            try decode(text, limits: Limits(depth: 8, length: 50, items: 10))
        }
        #expect(error?.code == .tooLong)
        #expect(throws: Never.self) { try decode(text, limits: Limits(depth: 8, length: text.count, items: 1)) }
    }

    @Test func itemsAreLimited() {
        let limits = Limits(depth: 8, length: 1000, items: 10)
        for bytes in [[UInt8](repeating: 0x80, count: 11), [0x9F] + [UInt8](repeating: 0, count: 11)] {
            var bytes = bytes
            if bytes[0] == 0x80 { bytes[0] = 0x8A }
            let error = #expect(throws: DecodingError.self) { try decode(bytes, limits: limits) }
            #expect(error?.code == .tooManyItems)
        }
        #expect(throws: Never.self) { try decode([0x89] + [UInt8](repeating: 0, count: 9), limits: limits) }
    }

    @Test func duplicateKeysAreFoundInLargeMaps() {
        var bytes: [UInt8] = [0xB9, 0x03, 0xE8]
        for key in 0..<1000 { bytes += encode(.int(key == 999 ? 500 : key)) + [0xF6] }
        let error = #expect(throws: DecodingError.self) { try decode(bytes) }
        #expect(error?.code == .duplicateKey)
    }

    @Test func sequencesAreReadItemByItem() throws {
        let bytes = hex("01 6161 8102 ff")
        var offset = 0
        #expect(try decodeItem(of: bytes, at: &offset) == 1)
        #expect(try decodeItem(of: bytes, at: &offset) == "a")
        #expect(try decodeItem(of: bytes, at: &offset) == [2])
        #expect(offset == 5)
        #expect(throws: DecodingError.self) { try decodeItem(of: bytes, at: &offset) }
        #expect(offset == 5)
        #expect(throws: DecodingError.self) {
            var beyond = 100
            return try decodeItem(of: bytes, at: &beyond)
        }
    }
}
