import JSONText
import Testing

@Suite struct JSONTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "25.10", "1e400", "-1.5E-7", #""""#, #""a\"b\\c""#, "[]", "{}",
        #"{"b":1,"a":[1,2,{"c":null}]}"#, #""°C µg/m³ 😀""#, "18446744073709551616",
    ])
    func whatIsWrittenCompactComesBackTheSame(text: String) throws {
        #expect(try JSON.parse(text).serialized() == text)
        #expect(try JSON.parse(JSON.parse(text).serialized(pretty: true)) == JSON.parse(text))
        #expect(try JSON.parse(" \t\r\n\(text)\n") == JSON.parse(text))
    }

    @Test(arguments: [
        ("", JSONError.Code.unexpectedEnd, 0), ("  ", .unexpectedEnd, 2), ("[1,", .unexpectedEnd, 3),
        ("[1", .unexpectedEnd, 2), ("{\"a\"", .unexpectedEnd, 4), ("tru", .unexpectedEnd, 3),
        ("trux", .unexpectedCharacter, 3), ("[1,]", .unexpectedCharacter, 3), ("{a:1}", .unexpectedCharacter, 1),
        ("{\"a\" 1}", .unexpectedCharacter, 5), ("{\"a\":1,}", .unexpectedCharacter, 7),
        ("'a'", .unexpectedCharacter, 0),
        ("NaN", .unexpectedCharacter, 0), ("+1", .unexpectedCharacter, 0), (".5", .unexpectedCharacter, 0),
        ("01", .badNumber, 0), ("1.", .badNumber, 0), ("-", .badNumber, 0), ("1e", .badNumber, 0),
        ("-a", .badNumber, 0),
        ("1 2", .trailingText, 2), ("{}x", .trailingText, 2), ("1.5.2", .trailingText, 3),
        ("\"abc", .unexpectedEnd, 0), ("\"a\\", .unexpectedEnd, 2), ("\"\\u12", .unexpectedEnd, 1),
        ("\"\\x\"", .badEscape, 1), ("\"\\u12G4\"", .badEscape, 1), ("\"\\ud800\"", .badEscape, 1),
        ("\"\\udc00\"", .badEscape, 1), ("\"\\ud800\\u0041\"", .badEscape, 1), ("\"a\nb\"", .controlCharacter, 2),
        (#"{"a":1,"b":2,"a":3}"#, .duplicateName, 13),
    ])
    func faultsAreNamedWithTheirPlace(text: String, code: JSONError.Code, offset: Int) {
        let error = #expect(throws: JSONError.self) { try JSON.parse(text) }
        #expect(error?.code == code)
        #expect(error?.offset == offset)
        #expect(error?.reason.isEmpty == false)
    }

    @Test(
        arguments: [
            [0x22, 0xFF, 0x22], [0x22, 0xC3, 0x22], [0x22, 0xED, 0xA0, 0x80, 0x22], [0x22, 0xC0, 0x80, 0x22],
        ] as [[UInt8]])
    func stringsThatAreNoUTF8AreRefused(bytes: [UInt8]) {
        #expect(throws: JSONError.self) { try JSON.parse(bytes) }
    }

    @Test func escapesAreRead() throws {
        #expect(try JSON.parse(#""\"\\\/\b\f\n\r\tA\u00b0\ud83d\ude00""#).string == "\"\\/\u{8}\u{c}\n\r\tA°😀")
        // A combining mark after an escape joins the text before it, as scalars do.
        #expect(try JSON.parse(#""e\u0301""#).string?.unicodeScalars.count == 2)
    }

    @Test func controlsAreEscapedOnTheWayOut() {
        #expect(JSON.string("a\u{0}\u{1f}\u{7f}\u{2028}\n").serialized() == #""a\u0000\u001f\u007f\u2028\n""#)
    }

    @Test func limitsHold() {
        let deep = String(repeating: "[", count: 17) + String(repeating: "]", count: 17)
        #expect(throws: JSONError.self) { try JSON.parse(deep, limits: .line) }
        #expect(throws: Never.self) { try JSON.parse(String(deep.dropFirst().dropLast()), limits: .line) }
        let wide = "[" + Array(repeating: "1", count: 4).joined(separator: ",") + "]"
        #expect(throws: Never.self) { try JSON.parse(wide, limits: JSONLimits(values: 5)) }
        let many = #expect(throws: JSONError.self) { try JSON.parse(wide, limits: JSONLimits(values: 4)) }
        #expect(many?.code == .tooManyValues)
        let long = #expect(throws: JSONError.self) { try JSON.parse("\"aaaa\"", limits: JSONLimits(bytes: 5)) }
        #expect(long?.code == .tooLong)
    }

    @Test(
        arguments: [
            (2506, 2, "25.06"), (-7, 1, "-0.7"), (0, 2, "0.00"), (5, 0, "5"), (-1, 6, "-0.000001"), (100, 2, "1.00"),
            (Int64.min, 3, "-9223372036854775.808"),
        ] as [(Int64, UInt8, String)])
    func decimalsAreKept(mantissa: Int64, decimals: UInt8, text: String) {
        #expect(JSONNumber(mantissa: mantissa, decimals: decimals).literal == text)
        #expect(JSONNumber(literal: text)?.literal == text)
    }

    @Test func numbersAnswerAsIntegersAndDoubles() throws {
        #expect(try JSON.parse("42").int == 42)
        #expect(try JSON.parse("4.2").int == nil)
        #expect(try JSON.parse("4.2").double == 4.2)
        #expect(try JSON.parse("9223372036854775808").int == nil)
        #expect(JSON.double(.infinity) == .null)
        #expect(JSON.double(0.1).serialized() == "0.1")
        #expect(JSONNumber(literal: "0x10") == nil)
        #expect(JSONNumber(literal: "") == nil)
        #expect(JSONNumber(literal: "1 ") == nil)
    }

    @Test func objectsKeepTheirOrderAndEachNameOnce() {
        var object: JSONObject = ["b": 1, "a": 2, "b": 3]
        #expect(JSON.object(object).serialized() == #"{"b":3,"a":2}"#)
        object["c"] = true
        object["b"] = nil
        #expect(object.names == ["a", "c"])
        #expect(JSON.object(object)["c"]?.bool == true)
        #expect(JSON.array([1, "x"])[1]?.string == "x")
        #expect(JSON.array([1])[7] == nil)
    }

    @Test func prettyTextHasALineForEachMember() {
        #expect(
            JSON.object(["a": [1], "b": [], "c": [:]]).serialized(pretty: true)
                == "{\n  \"a\": [\n    1\n  ],\n  \"b\": [],\n  \"c\": {}\n}")
    }
}
