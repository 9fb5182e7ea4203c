/// What a request wants done (TS-0004 6.3.4.2.6, `m2m:operation`).
public enum Operation: Int, Sendable, Hashable, CaseIterable {
    /// A new resource under the addressed one.
    case create = 1
    /// What the addressed resource is, or which there are below it.
    case retrieve = 2
    /// Other values for attributes.
    case update = 3
    /// The resource and all below it away.
    case delete = 4
    /// Something to be told.
    case notify = 5
}

extension Operation: CustomStringConvertible {
    /// `CREATE`
    public var description: String {
        switch self {
        case .create: "CREATE"
        case .retrieve: "RETRIEVE"
        case .update: "UPDATE"
        case .delete: "DELETE"
        case .notify: "NOTIFY"
        }
    }
}

/// A set of operations as access control rules write it (`m2m:accessControlOperations`): a sum of powers of two.
///
/// Discovery is an operation of its own here: a RETRIEVE whose filter usage is discovery.
public struct OperationSet: OptionSet, Sendable, Hashable {
    /// The sum.
    public let rawValue: Int

    /// The set of this sum.
    public init(rawValue: Int) {
        self.rawValue = rawValue
    }

    /// CREATE
    public static let create = OperationSet(rawValue: 1)
    /// RETRIEVE
    public static let retrieve = OperationSet(rawValue: 2)
    /// UPDATE
    public static let update = OperationSet(rawValue: 4)
    /// DELETE
    public static let delete = OperationSet(rawValue: 8)
    /// NOTIFY
    public static let notify = OperationSet(rawValue: 16)
    /// DISCOVERY
    public static let discovery = OperationSet(rawValue: 32)
    /// All six, 63.
    public static let all = OperationSet(rawValue: 63)

    /// The set of one operation.
    public init(_ operation: Operation) {
        switch operation {
        case .create: self = .create
        case .retrieve: self = .retrieve
        case .update: self = .update
        case .delete: self = .delete
        case .notify: self = .notify
        }
    }
}
