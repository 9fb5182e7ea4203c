import OneM2MPrimitives
import Testing

@Suite("Times (TS-0004 6.3.3)")
struct TimeTests {
    @Test(
        "Texts and microseconds",
        arguments: [
            ("19700101T000000", 0, "19700101T000000,000000"),
            ("20261126T151610,5", 1_795_706_170_500_000, "20261126T151610,500000"),
            ("20000229T235959,123456", 951_868_799_123_456, "20000229T235959,123456"),
            ("20261126T151610Z", 1_795_706_170_000_000, "20261126T151610,000000"),
            ("99991231T235959,999999", 253_402_300_799_999_999, "99991231T235959,999999"),
        ])
    func texts(text: String, microseconds: Int64, written: String) throws {
        let time = try #require(OneM2MTime(text))
        #expect(time.microseconds == microseconds)
        #expect("\(time)" == written)
    }

    @Test(
        "What is no time",
        arguments: [
            "", "20261126", "20261126T1516", "20261326T151610", "20260229T000000", "20261126T241610",
            "2026-11-26T15:16:10", "20261126T151610,", "20261126T151610,1234567", "19691231T235959",
            "20261126T151610+01",
        ])
    func malformed(text: String) {
        #expect(OneM2MTime(text) == nil)
    }

    @Test("Every day of four hundred years comes back")
    func days() {
        for day in stride(from: Int64(0), to: 146_097, by: 13) {
            let time = OneM2MTime(microseconds: day * 86_400_000_000)
            #expect(OneM2MTime("\(time)") == time)
        }
    }

    @Test("Sums stay within what can be written")
    func sums() {
        let time = OneM2MTime(microseconds: 1_000_000)
        #expect(time.adding(milliseconds: 5).microseconds == 1_005_000)
        #expect(time.adding(milliseconds: .max) == .distantFuture)
        #expect(time.adding(milliseconds: .min).microseconds == 0)
        #expect(OneM2MTime(microseconds: -5).microseconds == 0)
    }

    @Test(
        "Recurring moments",
        arguments: [
            ("* * * * * * *", true), ("* * 15 * * * *", true), ("* * 8-14 * * * *", false), ("* */8 * * * * *", true),
            ("* */7 * * * * *", false), ("* * * * * 4 *", true), ("* * * * * 1-3,5,6,0 *", false),
            ("10 16 15 26 11 * 2026", true), ("* * * * * * 2027", false), ("0-30/10 * * * * * *", true),
        ])
    func schedule(text: String, holds: Bool) throws {
        // 26 November 2026 is a Thursday.
        let time = try #require(OneM2MTime("20261126T151610"))
        #expect(try #require(ScheduleEntry(text)).contains(time) == holds)
    }

    @Test("Sunday is 0 and 7")
    func sunday() throws {
        let time = try #require(OneM2MTime("20261129T120000"))
        for text in ["* * * * * 0 *", "* * * * * 7 *", "* * * * * 5-7 *"] {
            #expect(try #require(ScheduleEntry(text)).contains(time))
        }
    }

    @Test(
        "What is no recurring moment",
        arguments: [
            "", "* * *", "* * * * * * * *", "60 * * * * * *", "* * * 0 * * *", "* * * * * 8 *", "5-3 * * * * * *",
            "*/0 * * * * * *", "a * * * * * *", "1,, * * * * * *",
        ])
    func noSchedule(text: String) {
        #expect(ScheduleEntry(text) == nil)
    }
}
