import Access
import Concentrator
import XMPP

extension FieldFlags {
    /// The kinds of reading by their attributes (XEP-0323 table 2).
    static let names: [(flag: FieldFlags, name: String)] = [
        (.momentary, "momentary"), (.peak, "peak"), (.status, "status"), (.computed, "computed"),
        (.identity, "identity"), (.historicalSecond, "historicalSecond"), (.historicalMinute, "historicalMinute"),
        (.historicalHour, "historicalHour"), (.historicalDay, "historicalDay"), (.historicalWeek, "historicalWeek"),
        (.historicalMonth, "historicalMonth"), (.historicalQuarter, "historicalQuarter"),
        (.historicalYear, "historicalYear"), (.historicalOther, "historicalOther"),
    ]

    /// The kinds that a request asks for, `all` and `historical` among them.
    init(requestedBy element: XMLElement) throws(PayloadError) {
        self = []
        for (flag, name) in FieldFlags.names where try element.flag(name) { formUnion(flag) }
        if try element.flag("historical") { formUnion(.historical) }
        if try element.flag("all") { formUnion(.all) }
    }

    /// Puts a value's kinds on its element.
    func set(on element: inout XMLElement) {
        for (flag, name) in FieldFlags.names where contains(flag) { element[name] = "true" }
    }

    /// The same kinds in a question of access.
    var readingKinds: ReadingKinds { ReadingKinds(rawValue: rawValue) }
}

extension FieldQuality {
    /// The attribute (XEP-0323 table 3).
    var name: String {
        switch self {
        case .missing: "missing"
        case .inProgress: "inProgress"
        case .automaticEstimate: "automaticEstimate"
        case .manualEstimate: "manualEstimate"
        case .manualReadout: "manualReadout"
        case .automaticReadout: "automaticReadout"
        case .timeOffset: "timeOffset"
        case .warning: "warning"
        case .error: "error"
        case .signed: "signed"
        case .invoiced: "invoiced"
        case .endOfSeries: "endOfSeries"
        case .powerFailure: "powerFailure"
        case .invoiceConfirmed: "invoiceConfirmed"
        }
    }
}
