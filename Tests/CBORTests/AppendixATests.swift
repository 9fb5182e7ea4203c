import CBOR
import Testing

/// RFC 8949 appendix A: every example, read, printed, and written back where the example is in its shortest form.
@Suite struct AppendixATests {
    struct Example: Sendable, CustomTestStringConvertible {
        let diagnostic: String
        let bytes: String
        /// False where the RFC's bytes are not what deterministic encoding gives: indefinite lengths, wide NaNs.
        var isShortest = true
        var testDescription: String { bytes }
    }

    static let examples: [Example] = [
        Example(diagnostic: "0", bytes: "00"),
        Example(diagnostic: "1", bytes: "01"),
        Example(diagnostic: "10", bytes: "0a"),
        Example(diagnostic: "23", bytes: "17"),
        Example(diagnostic: "24", bytes: "1818"),
        Example(diagnostic: "25", bytes: "1819"),
        Example(diagnostic: "100", bytes: "1864"),
        Example(diagnostic: "1000", bytes: "1903e8"),
        Example(diagnostic: "1000000", bytes: "1a000f4240"),
        Example(diagnostic: "1000000000000", bytes: "1b000000e8d4a51000"),
        Example(diagnostic: "18446744073709551615", bytes: "1bffffffffffffffff"),
        Example(diagnostic: "2(h'010000000000000000')", bytes: "c249010000000000000000"),
        Example(diagnostic: "-18446744073709551616", bytes: "3bffffffffffffffff"),
        Example(diagnostic: "3(h'010000000000000000')", bytes: "c349010000000000000000"),
        Example(diagnostic: "-1", bytes: "20"),
        Example(diagnostic: "-10", bytes: "29"),
        Example(diagnostic: "-100", bytes: "3863"),
        Example(diagnostic: "-1000", bytes: "3903e7"),
        Example(diagnostic: "0.0", bytes: "f90000"),
        Example(diagnostic: "-0.0", bytes: "f98000"),
        Example(diagnostic: "1.0", bytes: "f93c00"),
        Example(diagnostic: "1.1", bytes: "fb3ff199999999999a"),
        Example(diagnostic: "1.5", bytes: "f93e00"),
        Example(diagnostic: "65504.0", bytes: "f97bff"),
        Example(diagnostic: "100000.0", bytes: "fa47c35000"),
        Example(diagnostic: "3.4028234663852886e+38", bytes: "fa7f7fffff"),
        Example(diagnostic: "1.0e+300", bytes: "fb7e37e43c8800759c"),
        Example(diagnostic: "5.960464477539063e-8", bytes: "f90001"),
        Example(diagnostic: "6.103515625e-5", bytes: "f90400"),
        Example(diagnostic: "-4.0", bytes: "f9c400"),
        Example(diagnostic: "-4.1", bytes: "fbc010666666666666"),
        Example(diagnostic: "Infinity", bytes: "f97c00"),
        Example(diagnostic: "NaN", bytes: "f97e00"),
        Example(diagnostic: "-Infinity", bytes: "f9fc00"),
        Example(diagnostic: "Infinity", bytes: "fa7f800000", isShortest: false),
        Example(diagnostic: "NaN", bytes: "fa7fc00000", isShortest: false),
        Example(diagnostic: "-Infinity", bytes: "faff800000", isShortest: false),
        Example(diagnostic: "Infinity", bytes: "fb7ff0000000000000", isShortest: false),
        Example(diagnostic: "NaN", bytes: "fb7ff8000000000000", isShortest: false),
        Example(diagnostic: "-Infinity", bytes: "fbfff0000000000000", isShortest: false),
        Example(diagnostic: "false", bytes: "f4"),
        Example(diagnostic: "true", bytes: "f5"),
        Example(diagnostic: "null", bytes: "f6"),
        Example(diagnostic: "undefined", bytes: "f7"),
        Example(diagnostic: "simple(16)", bytes: "f0"),
        Example(diagnostic: "simple(255)", bytes: "f8ff"),
        Example(
            diagnostic: #"0("2013-03-21T20:04:00Z")"#, bytes: "c074323031332d30332d32315432303a30343a30305a"),
        Example(diagnostic: "1(1363896240)", bytes: "c11a514b67b0"),
        Example(diagnostic: "1(1363896240.5)", bytes: "c1fb41d452d9ec200000"),
        Example(diagnostic: "23(h'01020304')", bytes: "d74401020304"),
        Example(diagnostic: "24(h'6449455446')", bytes: "d818456449455446"),
        Example(
            diagnostic: #"32("http://www.example.com")"#,
            bytes: "d82076687474703a2f2f7777772e6578616d706c652e636f6d"),
        Example(diagnostic: "h''", bytes: "40"),
        Example(diagnostic: "h'01020304'", bytes: "4401020304"),
        Example(diagnostic: #""""#, bytes: "60"),
        Example(diagnostic: #""a""#, bytes: "6161"),
        Example(diagnostic: #""IETF""#, bytes: "6449455446"),
        Example(diagnostic: #""\"\\""#, bytes: "62225c"),
        Example(diagnostic: "\"\u{fc}\"", bytes: "62c3bc"),
        Example(diagnostic: "\"\u{6c34}\"", bytes: "63e6b0b4"),
        Example(diagnostic: "\"\u{10151}\"", bytes: "64f0908591"),
        Example(diagnostic: "[]", bytes: "80"),
        Example(diagnostic: "[1, 2, 3]", bytes: "83010203"),
        Example(diagnostic: "[1, [2, 3], [4, 5]]", bytes: "8301820203820405"),
        Example(
            diagnostic: "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]",
            bytes: "98190102030405060708090a0b0c0d0e0f101112131415161718181819"),
        Example(diagnostic: "{}", bytes: "a0"),
        Example(diagnostic: "{1: 2, 3: 4}", bytes: "a201020304"),
        Example(diagnostic: #"{"a": 1, "b": [2, 3]}"#, bytes: "a26161016162820203"),
        Example(diagnostic: #"["a", {"b": "c"}]"#, bytes: "826161a161626163"),
        Example(
            diagnostic: #"{"a": "A", "b": "B", "c": "C", "d": "D", "e": "E"}"#,
            bytes: "a56161614161626142616361436164614461656145"),
        Example(diagnostic: "h'0102030405'", bytes: "5f42010243030405ff", isShortest: false),
        Example(diagnostic: #""streaming""#, bytes: "7f657374726561646d696e67ff", isShortest: false),
        Example(diagnostic: "[]", bytes: "9fff", isShortest: false),
        Example(diagnostic: "[1, [2, 3], [4, 5]]", bytes: "9f018202039f0405ffff", isShortest: false),
        Example(diagnostic: "[1, [2, 3], [4, 5]]", bytes: "9f01820203820405ff", isShortest: false),
        Example(diagnostic: "[1, [2, 3], [4, 5]]", bytes: "83018202039f0405ff", isShortest: false),
        Example(diagnostic: "[1, [2, 3], [4, 5]]", bytes: "83019f0203ff820405", isShortest: false),
        Example(
            diagnostic: "[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25]",
            bytes: "9f0102030405060708090a0b0c0d0e0f101112131415161718181819ff", isShortest: false),
        Example(diagnostic: #"{"a": 1, "b": [2, 3]}"#, bytes: "bf61610161629f0203ffff", isShortest: false),
        Example(diagnostic: #"["a", {"b": "c"}]"#, bytes: "826161bf61626163ff", isShortest: false),
        Example(diagnostic: #"{"Fun": true, "Amt": -2}"#, bytes: "bf6346756ef563416d7421ff", isShortest: false),
    ]

    @Test(arguments: examples) func read(_ example: Example) throws {
        #expect(try decode(hex(example.bytes)).description == example.diagnostic)
    }

    @Test(arguments: examples) func write(_ example: Example) throws {
        let value = try decode(hex(example.bytes))
        let written = encode(value, .asWritten)
        #expect(try decode(written) == value)
        #expect(written.count <= hex(example.bytes).count)
        if example.isShortest { #expect(written == hex(example.bytes)) }
    }

    @Test func valuesBuiltByHand() {
        #expect(encode(.int(-1000)) == hex("3903e7"))
        #expect(encode(.int(Int.min)) == hex("3b7fffffffffffffff"))
        #expect(encode(100_000.0) == hex("fa47c35000"))
        #expect(encode(["a": 1, "b": [2, 3]]) == hex("a26161016162820203"))
        #expect(encode(.tagged(1, 1363896240)) == hex("c11a514b67b0"))
        #expect(encode(.simple(SimpleValue(255)!)) == hex("f8ff"))
        #expect(SimpleValue(20) == nil && SimpleValue(31) == nil && SimpleValue(32) != nil)
    }
}
