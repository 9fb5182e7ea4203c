import Access
import XMPP

/// XEP-0325 `set` and `getForm`.
public struct ControlRequest: Sendable, Hashable {
    /// What is asked.
    public enum Action: Sendable, Hashable {
        /// Sets typed parameters, in this order.
        case set([ControlValue])
        /// Sets what a form says.
        case submit(DataForm)
        /// Asks for the form.
        case form
    }

    /// The nodes; none for the one device that answers.
    public var nodes: [NodeReference]
    /// What is asked.
    public var action: Action
    /// What the one who asks can show.
    public var tokens: AccessTokens

    /// A request.
    public init(nodes: [NodeReference], action: Action, tokens: AccessTokens = AccessTokens()) {
        self.nodes = nodes
        self.action = action
        self.tokens = tokens
    }

    /// Reads a `set` or `getForm`.
    public init(_ element: XMLElement) throws(PayloadError) {
        guard element.namespace == IoTNamespace.control else {
            throw PayloadError(.wrongElement, "<\(element.name.prefix(32))> is of another namespace")
        }
        switch element.name {
        case "getForm": action = .form
        case "set":
            var values: [ControlValue] = []
            for child in element.children {
                if let value = try ControlValue(child) { values.append(value) }
            }
            guard values.count <= RequestLimits.names else {
                throw PayloadError(
                    .tooMany, "\(values.count) parameters are set, at most \(RequestLimits.names) are taken")
            }
            if let x = element.child("x", Namespace.dataForm) {
                guard values.isEmpty, let form = DataForm(x), form.kind == .submit else {
                    throw PayloadError(.badValue, "either typed parameters or one form of the type submit was expected")
                }
                action = .submit(form)
            } else {
                guard !values.isEmpty else { throw PayloadError(.missing, "<set> has no parameter") }
                action = .set(values)
            }
        default: throw PayloadError(.wrongElement, "<\(element.name.prefix(32))> is neither set nor getForm")
        }
        nodes = try NodeReference.list(element)
        tokens = try AccessTokens(element)
    }

    /// The element.
    public var element: XMLElement {
        var element: XMLElement
        switch action {
        case .set(let values): element = XMLElement("set", IoTNamespace.control, children: values.map(\.element))
        case .submit(let form): element = XMLElement("set", IoTNamespace.control, children: [form.element])
        case .form: element = XMLElement("getForm", IoTNamespace.control)
        }
        tokens.set(on: &element)
        for node in nodes {
            element.append(
                XMLElement(
                    "node", IoTNamespace.control,
                    ["nodeId": node.nodeID, "sourceId": node.sourceID, "cacheType": node.cacheType]))
        }
        return element
    }
}
