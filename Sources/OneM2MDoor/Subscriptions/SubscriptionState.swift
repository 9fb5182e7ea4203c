import JSONText
import OneM2MPrimitives

/// What a `<subscription>` wants to hear of, worked out from its attributes (TS-0001 9.6.8).
struct SubscriptionState: Sendable {
    /// When a batch goes out (`m2m:batchNotify`).
    typealias Batch = (number: Int, milliseconds: Int64)

    /// What happens to a resource (`m2m:notificationEventType`).
    enum Event: Int, Sendable, Hashable {
        /// An attribute changed.
        case updated = 1
        /// It is gone.
        case deleted = 2
        /// Something came below it.
        case createdChild = 3
        /// Something below it is gone.
        case deletedChild = 4
        /// The latest of a container was asked for, and there is none.
        case retrievedEmpty = 5
    }

    /// What a notification shows (`m2m:notificationContentType`).
    enum Content: Int, Sendable, Hashable {
        /// All attributes.
        case allAttributes = 1
        /// Those that changed.
        case modifiedAttributes = 2
        /// The resource's ID.
        case resourceID = 3
    }

    let targets: [String]
    let events: Set<Event>
    /// Only changes of these attributes; nil for any.
    let attributes: Set<String>?
    /// Only children of these types; nil for any.
    let childTypes: [ResourceType]?
    /// Conditions on the resource.
    let conditions: FilterCriteria
    let content: Content
    /// Of what waits only the latest matters.
    let latestOnly: Bool
    let category: Int?
    /// So many together, or what there is after so many milliseconds.
    let batch: Batch?
    /// How many more notifications it lives for.
    var remaining: Int?
    /// Notifications of one batch; a queue holds as many.
    static let mostBatched = 100
    /// Targets of a subscription.
    static let mostTargets = 16

    init(_ attributes: JSONObject) throws(OneM2MError) {
        targets = attributes["nu"]?.array?.compactMap(\.string) ?? []
        guard !targets.isEmpty, targets.count <= Self.mostTargets else {
            throw OneM2MError(.badRequest, "nu: 1 to \(Self.mostTargets) targets were expected")
        }
        var events: Set<Event> = []
        var names: Set<String>?
        var types: [ResourceType]?
        var conditions = JSONObject()
        for member in attributes["enc"]?.object ?? JSONObject() {
            switch member.name {
            case "net":
                for item in member.value.array ?? [member.value] {
                    guard let number = item.int, (1...8).contains(number) else {
                        throw OneM2MError(.badRequest, "enc: net is a list of numbers from 1 to 8")
                    }
                    // The rest need what is not here: 6 the triggers of a cellular network, 8 time series; and 7 would let a
                    // subscriber hold up who switches a relay. Not supported is 5001 (TS-0004 7.3.2.1).
                    guard let event = Event(rawValue: number) else {
                        throw OneM2MError(.notImplemented, "enc: event types 1 to 5 are told here, not \(number)")
                    }
                    events.insert(event)
                }
            case "atr":
                guard let list = member.value.array?.compactMap(\.string), !list.isEmpty else {
                    throw OneM2MError(.badRequest, "enc: atr is a list of attributes' names")
                }
                names = Set(list)
            case "chty":
                guard let list = member.value.array?.compactMap(\.int), !list.isEmpty else {
                    throw OneM2MError(.badRequest, "enc: chty is a list of types")
                }
                types = list.map { ResourceType(rawValue: $0) }
            case "crb", "cra", "ms", "us", "sts", "stb", "exb", "exa", "sza", "szb":
                conditions[member.name] = member.value
            // `om` watches operations as such, `md` time series: neither is here, and not supported is 5001.
            case "om", "md":
                throw OneM2MError(.notImplemented, "enc: \(member.name) is no condition of this CSE's subscriptions")
            default: throw OneM2MError(.badRequest, "enc has no member \"\(member.name.prefix(40))\"")
            }
        }
        self.events = events.isEmpty ? [.updated] : events
        self.attributes = names
        childTypes = types
        self.conditions = try FilterCriteria(json: .object(conditions))
        content = attributes["nct"]?.int.flatMap { Content(rawValue: $0) } ?? .allAttributes
        guard content != .modifiedAttributes || self.events == [.updated] else {
            throw OneM2MError(.badRequest, "nct 2 (modified attributes) goes with net 1 alone")
        }
        latestOnly = attributes["ln"]?.bool ?? false || attributes["pn"]?.int == 1
        category = attributes["nec"]?.int
        remaining = attributes["exc"]?.int
        batch = try attributes["bn"].map { value throws(OneM2MError) in try Self.batch(value) }
    }

    private static func batch(_ value: JSON) throws(OneM2MError) -> Batch {
        let number = value["num"]?.int ?? mostBatched
        var milliseconds: Int64 = 300_000
        if let given = value["dur"] {
            guard let parsed = given.int.map(Int64.init) ?? given.string.flatMap(duration) else {
                throw OneM2MError(.badRequest, "bn: dur is a duration such as PT10S, or a number of milliseconds")
            }
            milliseconds = parsed
        }
        guard (1...mostBatched).contains(number), (100...86_400_000).contains(milliseconds) else {
            throw OneM2MError(.badRequest, "bn: num of 1 to \(mostBatched) and dur of 100 ms to a day were expected")
        }
        return (number, milliseconds)
    }

    /// Milliseconds of an ISO 8601 duration of days, hours, minutes and seconds; nil for anything else.
    static func duration(_ text: String) -> Int64? {
        guard text.utf8.first == UInt8(ascii: "P"), text.utf8.count <= 32 else { return nil }
        var total: Double = 0
        var isTime = false
        var number = ""
        var parts = 0
        for character in text.dropFirst() {
            switch character {
            case "T" where !isTime && number.isEmpty: isTime = true
            case "0"..."9", ".": number.append(character)
            default:
                let units: [Character: Double] = isTime ? ["H": 3600, "M": 60, "S": 1] : ["D": 86_400, "W": 604_800]
                guard let unit = units[character], let value = Double(number), value < 1e6 else { return nil }
                total += value * unit
                number = ""
                parts += 1
            }
        }
        return number.isEmpty && parts > 0 ? Int64(total * 1000) : nil
    }
}
