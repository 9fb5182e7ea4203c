import Concentrator
import Testing

@Suite struct ValueTests {
    @Test(
        arguments: [
            (2506, 2, "25.06"), (-50, 2, "-0.50"), (0, 0, "0"), (100, 1, "10.0"), (-5, 3, "-0.005"), (7, 0, "7"),
            (.min, 0, "-9223372036854775808"), (.min, 19, "-0.9223372036854775808"),
            (1, 30, "0.000000000000000000000000000001"),
        ] as [(Int64, UInt8, String)])
    func quantitiesKeepTheirDecimals(_ mantissa: Int64, _ decimals: UInt8, _ text: String) {
        #expect(Quantity(mantissa: mantissa, decimals: decimals).description == text)
        if decimals < 18, mantissa != .min {
            #expect(Quantity(text) == Quantity(mantissa: mantissa, decimals: decimals))
        }
    }

    @Test(arguments: ["", "-", ".", "1.", ".5", "1.2.3", "+1", "1e3", " 1", "0x1", "1234567890123456789", "--1"])
    func whatIsNoNumberIsRefused(_ text: String) {
        #expect(Quantity(text) == nil)
    }

    @Test func quantitiesAreComparedAsNumbers() {
        let ten = Quantity(10)
        let tenWithDecimals = Quantity(mantissa: 1000, decimals: 2)
        #expect(ten != tenWithDecimals && ten.isSame(as: tenWithDecimals))
        #expect(!ten.isLess(than: tenWithDecimals) && !tenWithDecimals.isLess(than: ten))
        #expect(
            Quantity(mantissa: 999, decimals: 2).isLess(than: ten)
                && ten.isLess(than: Quantity(mantissa: 1001, decimals: 2)))
        // Where doubles would be equal.
        #expect(Quantity(Int64.max - 1).isLess(than: Quantity(Int64.max)))
        #expect(Quantity(mantissa: .max - 1, decimals: 18).isLess(than: Quantity(mantissa: .max, decimals: 18)))
        #expect(
            Quantity(mantissa: 1, decimals: 255).isLess(than: 1)
                && Quantity(-1).isLess(than: Quantity(mantissa: 1, decimals: 200)))
    }

    @Test func quantitiesAndDoubles() {
        #expect(Quantity(mantissa: 2506, decimals: 2).doubleValue == 25.06)
        #expect(Quantity(rounding: 25.06, decimals: 2) == Quantity(mantissa: 2506, decimals: 2))
        #expect(Quantity(rounding: -0.005, decimals: 2) == Quantity(mantissa: -1, decimals: 2))
        #expect(Quantity(rounding: .nan, decimals: 2) == nil && Quantity(rounding: 1e30, decimals: 2) == nil)
        #expect(Quantity(mantissa: 2599, decimals: 2).integerValue == 25)
        #expect(Quantity(mantissa: 1500, decimals: 2).with(decimals: 0) == 15)
        #expect(
            Quantity(mantissa: 1501, decimals: 2).with(decimals: 1) == nil
                && Quantity(Int64.max).with(decimals: 1) == nil)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (4_107_542_399_999, "2100-02-28T23:59:59.999Z"), (4_107_542_400_000, "2100-03-01T00:00:00.000Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (1_795_248_062_345, "2026-11-21T08:01:02.345Z"),
        ] as [(Int64, String)])
    func timesAreWrittenInISO8601(_ milliseconds: Int64, _ text: String) {
        #expect(WallTime(millisecondsSince1970: milliseconds).iso8601 == text)
    }

    @Test func namesOfNodes() {
        #expect(NodeID(parsing: "ble/A4C1388D18B2") == ble("A4C1388D18B2"))
        #expect(ble("A4C1388D18B2").description == "ble/A4C1388D18B2")
        let other = NodeID(sourceID: "Log", cacheType: "file", nodeID: "x")
        #expect(NodeID(parsing: other.description) == other)
        for bad in [
            "", "x", "ble/", "/", "ble/a b", "ble/\u{e9}", "a/b/c/d", "ble/" + String(repeating: "x", count: 65),
        ] {
            #expect(NodeID(parsing: bad) == nil, "\(bad)")
        }
    }
}
