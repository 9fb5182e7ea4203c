import CBOR
import CoAPMessages

/// A request for a resource, read from its message: what the model of OCF cares about and nothing of CoAP.
public struct ResourceRequest: Sendable, Hashable {
    /// What is asked (core, "CRUDN").
    public enum Operation: Sendable, Hashable {
        /// GET.
        case retrieve
        /// POST.
        case update
        /// POST with `if=oic.if.create`, or PUT.
        case create
        /// DELETE.
        case delete
    }

    /// What is asked.
    public let operation: Operation
    /// The segments of the path, as they came.
    public let path: [String]
    /// `if=`, when given.
    public let interface: Interface?
    /// `rt=`, each time it stands there.
    public let resourceTypes: [String]
    /// The other queries, in order.
    public let query: [(name: String, value: String)]
    /// The body; nil when there is none.
    public let body: CBOR.Value?
    /// The content format to answer in.
    public let responseFormat: UInt16
    /// Whether the request says which format it accepts.
    public let acceptsExplicitly: Bool
    /// Whether an observation is asked for (true), ended (false), or neither.
    public let observes: Bool?

    /// Reads a request.
    ///
    /// - Throws: ``ResourceError``: 4.05 for a method that OCF has no use for, 4.06 and 4.15 for formats, 4.00 for a body
    ///   that is not CBOR, and for two different `if=`.
    public init(_ message: Message) throws(ResourceError) {
        responseFormat = try message.responseFormat()
        acceptsExplicitly = message.accept != nil
        path = message.path
        var interface: Interface?
        var resourceTypes: [String] = []
        var query: [(name: String, value: String)] = []
        for item in message.query {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            let name = parts.first.map(String.init) ?? ""
            let value = parts.count > 1 ? String(parts[1]) : ""
            switch name {
            case "if":
                let asked = Interface(rawValue: value)
                if let interface, interface != asked {
                    throw ResourceError(.badRequest, "if=\(interface) and if=\(asked); one interface is used at a time")
                }
                interface = asked
            case "rt": resourceTypes.append(value)
            default: query.append((name, value))
            }
        }
        self.interface = interface
        self.resourceTypes = resourceTypes
        self.query = query
        switch message.code {
        case .get: operation = .retrieve
        case .post: operation = interface == .create ? .create : .update
        case .put: operation = .create
        case .delete: operation = .delete
        default: throw ResourceError(.methodNotAllowed, "method \(message.code); GET, POST, PUT and DELETE are known")
        }
        body = operation == .retrieve || operation == .delete ? nil : try message.representation()
        observes =
            switch (message.code, message.observe) {
            case (.get, 0?): true
            case (.get, 1?): false
            default: nil
            }
    }

    /// The value of the first query of this name.
    public subscript(query name: String) -> String? {
        query.first { $0.name == name }?.value
    }

    /// Requests are equal when everything is.
    public static func == (left: ResourceRequest, right: ResourceRequest) -> Bool {
        left.operation == right.operation && left.path == right.path && left.interface == right.interface
            && left.resourceTypes == right.resourceTypes && left.body == right.body
            && left.responseFormat == right.responseFormat && left.observes == right.observes
            && left.query.elementsEqual(right.query) { $0.name == $1.name && $0.value == $1.value }
    }

    /// Feeds part of what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(operation)
        hasher.combine(path)
        hasher.combine(interface)
        hasher.combine(body)
    }
}
