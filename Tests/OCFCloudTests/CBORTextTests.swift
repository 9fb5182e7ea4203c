import CBOR
import JSONText
import NIOCore
import Testing

@testable import OCFCloud

@Suite struct CBORTextTests {
    static let values: [(CBOR.Value, String)] = [
        (.unsigned(.max), "18446744073709551615"), (-1, "-1"), (.negative(1 << 60), "-1152921504606846977"),
        (21.5, "21.5"), (.double(.infinity), "null"), (true, "true"), (.null, "null"), (.undefined, "null"),
        ("a\"b", #""a\"b""#), (.bytes([0xFF, 0xFE, 0x3F]), #""__4_""#),
        (.array([1, "x", .array([])]), #"[1,"x",[]]"#),
        (.map(["b": 1, "a": .map(["c": false])]), #"{"b":1,"a":{"c":false}}"#), (.map([1: "one"]), #"{"1":"one"}"#),
        (.tagged(0, "2026-01-01T00:00:00Z"), #""2026-01-01T00:00:00Z""#),
    ]

    @Test(arguments: values)
    func json(value: CBOR.Value, text: String) {
        #expect(CBORText.json(value).serialized() == text)
    }

    static let arguments: [(String, CBOR.Value)] = [
        ("true", true), ("40", 40), ("-3", -3), ("21.5", 21.5), ("Attic", "Attic"), ("\"40\"", "40"),
        ("[1,2]", .array([1, 2])), ("{\"r\":255}", .map(["r": 255])), ("null", .null), ("12:30", "12:30"), ("", ""),
    ]

    @Test(arguments: arguments)
    func typed(text: String, value: CBOR.Value) {
        #expect(CBORText.typed(text) == value)
    }
}

@Suite struct TokenBucketTests {
    @Test func itRefillsWithTimeAndHoldsASecondsWorth() {
        let start = NIODeadline.now()
        var bucket = TokenBucket(perSecond: 10, now: start)
        func take(_ now: NIODeadline) -> Bool { bucket.take(now: now) }
        for _ in 0..<10 { #expect(take(start)) }
        #expect(!take(start))
        #expect(!take(start + .milliseconds(99)))
        #expect(take(start + .milliseconds(100)))
        #expect(!take(start + .milliseconds(101)))
        // However long it rests, it holds no more than it did.
        let later = start + .hours(1)
        let taken = (0..<100).map { _ in take(later) }
        #expect(taken.filter { $0 }.count == 10)
    }
}
