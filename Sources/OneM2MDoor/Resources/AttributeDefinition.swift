import JSONText
import OneM2MPrimitives

/// What an attribute of a resource type is: its form, and whether a request may or must carry it.
public struct AttributeDefinition: Sendable, Hashable {
    /// Whether a request carries it (TS-0004's columns "optionality").
    public enum Presence: String, Sendable, Hashable {
        /// Must be there.
        case mandatory = "M"
        /// May be there; `null` on UPDATE takes it away.
        case optional = "O"
        /// Must not be there.
        case notPresent = "NP"
    }

    /// Whether an announced resource has it (TS-0001's column for announcement).
    public enum Announcement: String, Sendable, Hashable {
        /// Always.
        case mandatory = "MA"
        /// When `aa` names it.
        case optional = "OA"
        /// Never.
        case never = "NA"
    }

    /// The form of its value.
    public enum Form: Sendable, Hashable {
        /// Text.
        case text
        /// A list of texts.
        case texts
        /// A whole number.
        case integer(ClosedRange<Int>)
        /// A list of whole numbers.
        case integers
        /// Any number.
        case number
        /// True or false.
        case boolean
        /// A moment.
        case time
        /// An object.
        case object
        /// A list of anything.
        case list
        /// Anything.
        case any
        /// Rules of access control.
        case privileges
    }

    /// Its short name.
    public let name: String
    /// The form of its value.
    public let form: Form
    /// On CREATE.
    public let create: Presence
    /// On UPDATE.
    public let update: Presence
    /// When announced.
    public let announcement: Announcement

    init(
        _ name: String, _ form: Form, _ create: Presence, _ update: Presence, _ announcement: Announcement = .never
    ) {
        self.name = name
        self.form = form
        self.create = create
        self.update = update
        self.announcement = announcement
    }

    /// Items of a list that are looked at.
    static let mostItems = 256

    /// What is wrong with a value; nil when it fits.
    func objection(to value: JSON) -> String? {
        switch form {
        case .text: value.string == nil ? "a text was expected, not \(value.kindName)" : nil
        case .integer(let range):
            value.int.map { range.contains($0) ? nil : "\($0) is not from \(range.lowerBound) to \(range.upperBound)" }
                ?? "a whole number was expected, not \(value.kindName)"
        case .number: value.number == nil ? "a number was expected, not \(value.kindName)" : nil
        case .boolean: value.bool == nil ? "true or false was expected, not \(value.kindName)" : nil
        case .time:
            value.string.flatMap { OneM2MTime($0) } == nil
                ? "a time such as 20261126T151610 was expected" : nil
        case .object, .privileges: value.object == nil ? "an object was expected, not \(value.kindName)" : nil
        case .any: value.isNull ? "a value was expected, not null" : nil
        case .texts: Self.list(value) { $0.string != nil }
        case .integers: Self.list(value) { $0.int != nil }
        case .list: Self.list(value) { !$0.isNull }
        }
    }

    private static func list(_ value: JSON, _ fits: (JSON) -> Bool) -> String? {
        guard let items = value.array else { return "a list was expected, not \(value.kindName)" }
        guard items.count <= mostItems else { return "\(items.count) items, at most \(mostItems) are taken" }
        return items.allSatisfy(fits) ? nil : "an item of the wrong form"
    }
}
