/// Dates of certificates: seconds since 1970 in UTC, and as text.
enum CertificateTime {
    /// "2026-08-01T12:00:00Z".
    static func text(_ seconds: Int64) -> String {
        let (year, month, day, hour, minute, second) = civil(seconds)
        return "\(pad(year, 4))-\(pad(month))-\(pad(day))T\(pad(hour)):\(pad(minute)):\(pad(second))Z"
    }

    /// "YYYYMMDDhhmmss", as the library's certificate writer wants it.
    static func compact(_ seconds: Int64) -> String {
        let (year, month, day, hour, minute, second) = civil(seconds)
        return pad(year, 4) + pad(month) + pad(day) + pad(hour) + pad(minute) + pad(second)
    }

    private static func pad(_ number: Int64, _ width: Int = 2) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, width - text.count)) + text
    }

    /// The proleptic Gregorian date, counted in eras of 400 years that begin on 1 March.
    private static func civil(_ seconds: Int64) -> (Int64, Int64, Int64, Int64, Int64, Int64) {
        let days = (seconds >= 0 ? seconds : seconds - 86399) / 86400
        let time = seconds - days * 86400
        let shifted = days + 719468
        let era = (shifted >= 0 ? shifted : shifted - 146096) / 146097
        let dayOfEra = shifted - era * 146097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let monthIndex = (5 * dayOfYear + 2) / 153
        let day = dayOfYear - (153 * monthIndex + 2) / 5 + 1
        let month = monthIndex < 10 ? monthIndex + 3 : monthIndex - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, day, time / 3600, time / 60 % 60, time % 60)
    }
}
