import CBOR
import Testing

@Suite struct ValueTests {
    @Test func keysAreSortedByTheirBytes() {
        // RFC 8949 §4.2.1's own list: 10, 100, -1, "z", "aa", [100], [-1], false.
        let sorted: [Value] = [10, 100, -1, "z", "aa", [100], [-1], false]
        var map = Map()
        for key in sorted.reversed() { map[key] = .null }
        #expect(encode(.map(map)) == hex("a8 0af6 1864f6 20f6 617af6 626161f6 811864f6 8120f6 f4f6"))
        #expect(encode(.map(map), .asWritten) != encode(.map(map)))
        #expect(Value.map(map) == .map(Map(sorted.map { (key: $0, value: .null) })))
        #expect(Value.map(map).hashValue == Value.map(Map(sorted.map { (key: $0, value: .null) })).hashValue)
    }

    @Test func everyHalfSurvives() throws {
        for bits in UInt16.min...UInt16.max {
            let bytes: [UInt8] = [0xF9, UInt8(bits >> 8), UInt8(bits & 0xFF)]
            #expect(encode(try decode(bytes)) == bytes)
        }
    }

    /// Values beside the edges of half and single precision take exactly the width they need.
    @Test(arguments: [
        (65504.0, 3), (65505, 5), (65536, 5), (0x1p-24, 3), (0x1p-25, 5), (0x1.8p-24, 5), (0x1.ffcp-15, 5),
        (0x1.ff8p-15, 3), (0x1p-14, 3), (0x1.004p0, 3), (0x1.002p0, 5), (0x1p-149, 5), (0x1p-150, 9), (0x1.000002p0, 5),
        (0x1.000001p0, 9), (0x1.fffffep127, 5), (0x1p128, 9), (.leastNonzeroMagnitude, 9), (.infinity, 3),
    ])
    func floatsTakeTheShortestWidth(_ double: Double, _ length: Int) throws {
        for signed in [double, -double] {
            #expect(encode(.double(signed)).count == length)
            #expect(try decode(encode(.double(signed))) == .double(signed))
        }
    }

    @Test(arguments: ["f97e01", "fa7f800001", "faffc00001", "fb7ff0000000000001", "f97c01"])
    func payloadsOfNaNsSurvive(_ text: String) throws {
        let value = try decode(hex(text))
        #expect(encode(value) == hex(text))
        #expect(try decode(encode(value)) == value)
    }

    @Test func textIsComparedByByte() throws {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        #expect(composed == decomposed)
        #expect(Value.text(composed) != .text(decomposed))
        #expect(try decode(encode([.text(composed): 1, .text(decomposed): 2])).entries?.count == 2)
        #expect(Value.double(0) != .double(-0.0) && Value.int(1) != .double(1))
    }

    @Test func accessors() {
        let value: Value = ["di": "x", "bm": 3, "eps": [["ep": "coap://a"]], "t": -2.5, "on": true]
        #expect(value["bm"]?.int == 3)
        #expect(value["eps"]?[0]?["ep"]?.string == "coap://a")
        #expect(value["eps"]?[1] == nil)
        #expect(value["t"]?.number == -2.5 && value["bm"]?.number == 3 && value["t"]?.int == nil)
        #expect(value["on"]?.bool == true && value["none"] == nil && value[0] == nil)
        #expect(Value.negative(.max).int == nil && Value.int(Int.min).int == Int.min)
        #expect(Value.int(UInt64.max) == .unsigned(.max) && Value.int(-1 as Int8).int == -1)
        #expect(Value.tagged(1, .tagged(2, 3)).untagged == 3)
        var copy = value
        copy["bm"] = nil
        copy["di"] = "y"
        #expect(copy["bm"] == nil && copy["di"] == "y" && copy.entries?.keys.first == "di")
    }

    @Test func diagnosticNotationKeepsToOneLine() {
        #expect(Value.text("a\n\u{1}\u{9f}\"").description == #""a\n\u0001\u009f\"""#)
    }
}
