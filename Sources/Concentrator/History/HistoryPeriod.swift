/// How long a piece of history is, and how many pieces are kept.
public enum HistoryPeriod: Int, Sendable, Hashable, CaseIterable {
    /// A minute.
    case minute = 60
    /// An hour.
    case hour = 3_600
    /// A day, of UTC.
    case day = 86_400

    /// Its length in seconds.
    public var seconds: Int64 { Int64(rawValue) }

    /// How many are kept: the last hour by minutes, two days by hours, a month by days. What is older belongs on a server.
    public var capacity: Int {
        switch self {
        case .minute: 60
        case .hour: 48
        case .day: 31
        }
    }

    /// The kind of reading that a value of it is (XEP-0323).
    public var flag: FieldFlags {
        switch self {
        case .minute: .historicalMinute
        case .hour: .historicalHour
        case .day: .historicalDay
        }
    }

    /// The word in the names of its aggregates.
    public var title: String {
        switch self {
        case .minute: "Minute"
        case .hour: "Hour"
        case .day: "Day"
        }
    }

    /// The number of the period that a moment falls in, counted from the epoch; nil when it is before it or later than
    /// 32 bits of minutes count (the year 10136).
    func index(of time: WallTime) -> UInt32? {
        UInt32(exactly: (time.millisecondsSince1970 / 1000) / seconds).flatMap {
            time.millisecondsSince1970 < 0 ? nil : $0
        }
    }

    /// When a period begins.
    func start(of index: UInt32) -> WallTime {
        WallTime(millisecondsSince1970: Int64(index) * seconds * 1000)
    }
}
