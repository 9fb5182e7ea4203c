/// An OCF Interface: a view of a resource, chosen by the query `if=` (core, "OCF Interface").
///
/// An open set, since vendors may add their own; compare with the constants.
public struct Interface: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    /// The name on the wire, such as `oic.if.baseline`.
    public let rawValue: String

    /// The interface of this name.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// All properties, the common ones (`rt`, `if`, `n`) among them; retrieve, and update where another interface allows it.
    public static let baseline = Interface(rawValue: "oic.if.baseline")
    /// The links of a collection or of `/oic/res`; retrieve.
    public static let linkList = Interface(rawValue: "oic.if.ll")
    /// The representations of everything a collection links to; retrieve and update.
    public static let batch = Interface(rawValue: "oic.if.b")
    /// Properties to read; retrieve.
    public static let readOnly = Interface(rawValue: "oic.if.r")
    /// Properties to read and write; retrieve and update.
    public static let readWrite = Interface(rawValue: "oic.if.rw")
    /// Properties to write; update, which in OCF 2.1 came for values that may not be read.
    public static let writeOnly = Interface(rawValue: "oic.if.w")
    /// An actuator; retrieve and update.
    public static let actuator = Interface(rawValue: "oic.if.a")
    /// A sensor; retrieve.
    public static let sensor = Interface(rawValue: "oic.if.s")
    /// Makes resources in a collection; create.
    public static let create = Interface(rawValue: "oic.if.create")
    /// The value after a power cycle; retrieve and update.
    public static let startup = Interface(rawValue: "oic.if.startup")
    /// Whether the value after a power cycle is the last one; retrieve and update.
    public static let startupRevert = Interface(rawValue: "oic.if.startup.revert")

    /// Whether a RETRIEVE may ask for it.
    public var allowsRetrieve: Bool {
        self != .writeOnly && self != .create
    }

    /// Whether an UPDATE may go through it. For ``baseline`` that depends on the resource's other interfaces.
    public var allowsUpdate: Bool {
        switch self {
        case .linkList, .readOnly, .sensor, .create: false
        default: true
        }
    }

    /// The name on the wire.
    public var description: String { rawValue }
}

extension Sequence where Element == Interface {
    /// Whether a resource with these interfaces can be updated at all: one of them, other than the baseline, allows it.
    public var allowUpdates: Bool {
        contains { $0 != .baseline && $0.allowsUpdate }
    }
}
