import OCFModel
import Testing

/// RFC 5545 periods and recurrences.
@Suite struct ValidityTests {
    /// Seconds since 1970 of "YYYYMMDDThhmmssZ", by way of a period that begins then.
    static func time(_ text: String) -> Int64 { CalendarPeriod("\(text)/PT1S")?.start ?? -1 }

    static let periods: [(String, Int64?)] = [
        ("20160101T180000Z/20170102T070000Z", 31_669_200), ("20160101T180000Z/PT5H30M", 19_800),
        ("20160101T180000Z/P1W", 604_800), ("20160101T180000Z/P15DT5H0M20S", 1_314_020),
        ("20160101T180000Z/+P1D", 86_400), ("20160229T000000Z/P1D", 86_400), ("20150229T000000Z/P1D", nil),
        ("20160101T180000Z/20160101T180000Z", nil), ("20160102T180000Z/20160101T180000Z", nil),
        ("20160101T180000/P1D", nil), ("20160101T180000Z", nil), ("20160101T180000Z/", nil),
        ("20160101T180000Z/P", nil), ("20160101T180000Z/PT", nil), ("20160101T180000Z/-P1D", nil),
        ("20160101T180000Z/P1D2W", nil), ("20160101T180000Z/PT1D", nil), ("20160101T180000Z/P1H", nil),
        ("20160101T180000Z/P0D", nil), ("20160101T180000Z/P99999999999999999999D", nil),
        ("20160101T180000Z/P999999999W", nil), ("20161301T180000Z/P1D", nil), ("20160101T240000Z/P1D", nil),
        ("20160101T180000Z/P1D/P1D", nil), ("", nil),
    ]

    @Test("periods", arguments: periods.indices)
    func period(_ index: Int) {
        let (text, length) = Self.periods[index]
        let period = CalendarPeriod(text)
        #expect(period.map { $0.end - $0.start } == length)
        if let period {
            #expect(period.contains(period.start) && period.contains(period.end - 1))
            #expect(!period.contains(period.start - 1) && !period.contains(period.end))
        }
    }

    @Test("known times")
    func times() {
        #expect(Self.time("19700101T000000Z") == 0)
        #expect(Self.time("20000229T235959Z") == 951_868_799)
        #expect(Self.time("20270801T120000Z") == SecurityHouse.now)
        #expect(Self.time("21000301T000000Z") - Self.time("21000228T000000Z") == 86_400, "2100 has no 29 February")
        #expect(Self.time("19691231T235959Z") == -1)
    }

    /// Period, rules, and at which times it holds (+) and does not (-).
    static let rows: [(String, [String], [String])] = [
        ("20260801T100000Z/PT2H", [], ["+20260801T100000Z", "+20260801T115959Z", "-20260801T120000Z"]),
        (
            "20260801T220000Z/PT4H", ["RRULE:FREQ=DAILY"],
            ["+20260801T220000Z", "+20260802T015959Z", "-20260802T020000Z", "+20260901T230000Z", "-20260801T215959Z"]
        ),
        (
            "20160101T180000Z/PT5H30M", ["RRULE:FREQ=DAILY;UNTIL=20180131T140000Z;BYMONTH=1"],
            [
                "+20160115T200000Z", "-20160215T200000Z", "+20180130T180000Z", "-20180131T180000Z",
                "-20190115T200000Z", "-20160115T233000Z",
            ]
        ),
        (
            "20260801T080000Z/PT1H", ["RRULE:FREQ=DAILY;INTERVAL=3"],
            ["+20260801T083000Z", "-20260802T083000Z", "-20260803T083000Z", "+20260804T083000Z"]
        ),
        // 1 August 2026 is a Saturday.
        (
            "20260801T080000Z/PT1H", ["FREQ=WEEKLY"],
            ["+20260801T080000Z", "-20260802T080000Z", "+20260808T080000Z", "+20261003T080000Z"]
        ),
        (
            "20260801T080000Z/PT8H", ["rrule:freq=weekly;byday=MO,TU,WE,TH,FR"],
            ["-20260801T090000Z", "-20260802T090000Z", "+20260803T090000Z", "+20260807T090000Z", "-20260808T090000Z"]
        ),
        (
            "20260801T080000Z/PT1H", ["RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU"],
            ["+20260801T083000Z", "+20260802T083000Z", "-20260808T083000Z", "-20260809T083000Z", "+20260815T083000Z"]
        ),
        (
            "20260801T080000Z/PT1H", ["RRULE:FREQ=WEEKLY;INTERVAL=2;BYDAY=SA,SU;WKST=SU"],
            ["+20260801T083000Z", "-20260802T083000Z", "-20260808T083000Z", "+20260809T083000Z"]
        ),
        (
            "20260131T000000Z/P1D", ["RRULE:FREQ=MONTHLY"],
            ["+20260131T120000Z", "-20260228T120000Z", "+20260331T120000Z", "-20260430T120000Z"]
        ),
        (
            "20260101T000000Z/P1D", ["RRULE:FREQ=MONTHLY;BYMONTHDAY=1,-1"],
            ["+20260101T000000Z", "+20260131T000000Z", "+20260228T120000Z", "-20260227T120000Z"]
        ),
        (
            "20260101T000000Z/P1D", ["RRULE:FREQ=MONTHLY;BYDAY=1MO,-1FR"],
            ["+20260803T000000Z", "-20260810T000000Z", "+20260828T000000Z", "-20260821T000000Z"]
        ),
        (
            "20260101T000000Z/P1D", ["RRULE:FREQ=MONTHLY;INTERVAL=2;BYMONTHDAY=5"],
            ["+20260105T000000Z", "-20260205T000000Z", "+20260305T000000Z", "+20270105T000000Z"]
        ),
        (
            "20240229T000000Z/P1D", ["RRULE:FREQ=YEARLY"],
            ["+20240229T120000Z", "-20250301T120000Z", "-20250228T120000Z", "+20280229T120000Z"]
        ),
        (
            "20260101T000000Z/P1D", ["RRULE:FREQ=YEARLY;BYMONTH=12;BYMONTHDAY=24,25"],
            ["+20261224T000000Z", "+20301225T000000Z", "-20261226T000000Z", "-20261124T000000Z"]
        ),
        // The first occurrence is moved.
        (
            "20260801T080000Z/PT1H", ["DTSTART:20260901T090000Z", "RRULE:FREQ=DAILY"],
            ["-20260801T083000Z", "-20260901T083000Z", "+20260901T093000Z"]
        ),
        // Any of several rules.
        (
            "20260801T080000Z/PT1H", ["RRULE:FREQ=WEEKLY;BYDAY=MO", "RRULE:FREQ=WEEKLY;BYDAY=WE"],
            ["+20260803T083000Z", "-20260804T083000Z", "+20260805T083000Z"]
        ),
        // Longer than a day: two occurrences overlap.
        (
            "20260801T120000Z/P3D", ["RRULE:FREQ=WEEKLY"],
            ["+20260804T115959Z", "-20260804T120000Z", "+20260810T000000Z"]
        ),
    ]

    @Test("recurrences", arguments: rows.indices)
    func recurrence(_ index: Int) {
        let (text, rules, times) = Self.rows[index]
        let period = ValidityPeriod(period: text, recurrence: rules)
        #expect(period.isUnderstood)
        for time in times {
            #expect(period.contains(Self.time(String(time.dropFirst()))) == time.hasPrefix("+"), "\(time)")
        }
    }

    static let refused = [
        "DSTART:XXXXX", "RRULE:FREQ=HOURLY", "RRULE:FREQ=DAILY;COUNT=3", "RRULE:BYMONTH=1", "RRULE:", "RRULE:FREQ",
        "RRULE:FREQ=DAILY;FREQ=WEEKLY", "RRULE:FREQ=DAILY;INTERVAL=0", "RRULE:FREQ=DAILY;INTERVAL=-1",
        "RRULE:FREQ=DAILY;BYMONTH=13", "RRULE:FREQ=DAILY;BYMONTHDAY=0", "RRULE:FREQ=DAILY;BYDAY=XX",
        "RRULE:FREQ=DAILY;BYDAY=1MO", "RRULE:FREQ=WEEKLY;BYMONTHDAY=1", "RRULE:FREQ=YEARLY;BYDAY=MO",
        "RRULE:FREQ=MONTHLY;BYDAY=6MO", "RRULE:FREQ=DAILY;UNTIL=2026", "RRULE:FREQ=DAILY;BYHOUR=1",
        "RRULE:FREQ=MONTHLY;BYSETPOS=1", "RRULE:FREQ=DAILY;", "EXDATE:20260101T000000Z", "",
    ]

    @Test("a rule that is not understood never holds", arguments: refused)
    func notUnderstood(_ rule: String) {
        let period = ValidityPeriod(period: "20000101T000000Z/P1D", recurrence: [rule])
        #expect(!period.isUnderstood)
        #expect(!period.contains(Self.time("20000101T120000Z")))
        #expect(period.recurrence == [rule], "the text stays as it was")
    }

    @Test("an occurrence that recurs is no longer than a month")
    func tooLong() {
        #expect(!ValidityPeriod(period: "20260101T000000Z/P32D", recurrence: ["RRULE:FREQ=YEARLY"]).isUnderstood)
        #expect(ValidityPeriod(period: "20260101T000000Z/P3200D").isUnderstood)
    }
}
