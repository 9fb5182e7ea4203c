import XMPP

/// Kinds of reading by XEP-0323's attributes. `all` and `historical` of a request are the kinds they stand for.
public struct ReadingTypes: OptionSet, Sendable, Hashable {
    /// The bits: one for each of ``names``, from the lowest.
    public let rawValue: UInt16

    /// The set of these bits. Those that mean nothing are dropped.
    public init(rawValue: UInt16) { self.rawValue = rawValue & 0x3FFF }

    /// The attributes, by bits from the lowest.
    public static let names = [
        "momentary", "peak", "status", "computed", "identity", "historicalSecond", "historicalMinute",
        "historicalHour", "historicalDay", "historicalWeek", "historicalMonth", "historicalQuarter", "historicalYear",
        "historicalOther",
    ]

    /// Measured now.
    public static let momentary = ReadingTypes(rawValue: 1)
    /// A minimum or maximum.
    public static let peak = ReadingTypes(rawValue: 1 << 1)
    /// How the device does.
    public static let status = ReadingTypes(rawValue: 1 << 2)
    /// Calculated from other values.
    public static let computed = ReadingTypes(rawValue: 1 << 3)
    /// Who the device is.
    public static let identity = ReadingTypes(rawValue: 1 << 4)
    /// Every stored kind.
    public static let historical = ReadingTypes(rawValue: 0x3FE0)
    /// Every kind.
    public static let all = ReadingTypes(rawValue: 0x3FFF)

    /// The kinds by an element's attributes.
    public init(_ element: XMLElement) throws(PayloadError) {
        self = []
        for (bit, name) in ReadingTypes.names.enumerated() where try element.flag(name) {
            insert(ReadingTypes(rawValue: 1 << UInt16(bit)))
        }
        if try element.flag("historical") { formUnion(.historical) }
        if try element.flag("all") { formUnion(.all) }
    }

    /// Puts the kinds on an element, in the fewest attributes.
    public func set(on element: inout XMLElement) {
        if self == .all {
            element["all"] = "true"
            return
        }
        var rest = self
        if isSuperset(of: .historical) {
            element["historical"] = "true"
            rest.subtract(.historical)
        }
        for (bit, name) in ReadingTypes.names.enumerated() where rest.contains(ReadingTypes(rawValue: 1 << UInt16(bit)))
        {
            element[name] = "true"
        }
    }
}
