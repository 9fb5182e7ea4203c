import Concentrator
import XMPP

/// How XEP-0325 0.2 and before told an outcome: an attribute of `setResponse`.
public enum ControlCode: String, Sendable, Hashable, CaseIterable {
    /// Done.
    case ok = "OK"
    /// No such node or parameter.
    case notFound = "NotFound"
    /// Not allowed.
    case insufficientPrivileges = "InsufficientPrivileges"
    /// Not now.
    case locked = "Locked"
    /// Not here.
    case notImplemented = "NotImplemented"
    /// A value does not do.
    case formError = "FormError"
    /// Anything else.
    case otherError = "OtherError"

    /// The code of a stanza error (XEP-0325 table 2).
    init(_ error: StanzaError) {
        self =
            switch error.condition {
            case .itemNotFound: .notFound
            case .forbidden, .notAllowed, .notAuthorized: .insufficientPrivileges
            case .conflict, .resourceConstraint: .locked
            case .featureNotImplemented: .notImplemented
            case .badRequest: error.application.isEmpty ? .otherError : .formError
            default: .otherError
            }
    }
}

/// The answers of XEP-0325 as elements.
public enum ControlPayloads {
    private static let space = IoTNamespace.control

    /// Done. `acted` names the part that was done, where a restriction left something out.
    public static func response(
        acted: (nodes: [NodeID], parameters: [String])? = nil, code: ControlCode? = nil
    ) -> XMLElement {
        var element = XMLElement("setResponse", space, ["responseCode": code?.rawValue])
        for id in acted?.nodes ?? [] {
            var node = XMLElement("node", space)
            id.set(on: &node)
            element.append(node)
        }
        for name in acted?.parameters ?? [] { element.append(XMLElement("parameter", space, ["name": name])) }
        return element
    }

    /// What was wrong with a parameter.
    public static func problem(_ parameter: String, _ reason: String) -> XMLElement {
        XMLElement("paramError", space, ["var": parameter], text: reason)
    }

    /// XEP-0325 0.2 and before: not done. Newer peers look at the stanza error beside it.
    public static func oldFailure(_ error: StanzaError) -> XMLElement {
        XMLElement(
            "setResponse", space, ["responseCode": ControlCode(error).rawValue],
            children: error.application.compactMap { problem in
                problem["var"].map { XMLElement("error", space, ["var": $0], text: problem.text) }
            })
    }
}
