import CoAPMessages
import OCFModel

/// `/.well-known/core` (RFC 6690): for CoAP clients that know nothing of OCF.
enum WellKnownCore {
    static let path = [".well-known", "core"]

    /// The content format of link lists, `application/link-format`.
    static let contentFormat: UInt16 = 40

    /// Answers a request.
    ///
    /// - Parameter links: what may be told.
    /// - Throws: ``ResourceError`` 4.05 for another method, 4.06 for another Accept, 4.00 when no link matches the query,
    ///   which a group is not told.
    static func answer(_ message: Message, links: [Link]) throws(ResourceError) -> Message {
        guard message.code == .get else { throw ResourceError(.methodNotAllowed, "/.well-known/core is read") }
        if let accept = message.accept, accept != contentFormat {
            throw ResourceError(.notAcceptable, "Accept \(accept); link format, \(contentFormat), is written")
        }
        let queries = message.query
        let chosen = links.filter { link in queries.allSatisfy { passes(link, $0) } }
        guard !chosen.isEmpty else { throw ResourceError(.badRequest, "no link matches the query") }
        let text = chosen.map(line).joined(separator: ",")
        return Message(code: .content, contentFormat: contentFormat, payload: Array(text.utf8))
    }

    private static func line(_ link: Link) -> String {
        let types = link.resourceTypes.joined(separator: " ")
        let interfaces = link.interfaces.map(\.rawValue).joined(separator: " ")
        let observable = link.policy?.contains(.observable) == true ? ";obs" : ""
        return "<\(link.href)>;rt=\"\(types)\";if=\"\(interfaces)\";ct=\"\(ContentFormat.ocfCBOR)\"\(observable)"
    }

    /// A query of RFC 6690 §4.1: `rt`, `if`, `href` or `ct`, with `*` at the end for what begins so.
    private static func passes(_ link: Link, _ query: String) -> Bool {
        let parts = query.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2 else { return false }
        let values: [String]
        switch parts[0] {
        case "rt": values = link.resourceTypes
        case "if": values = link.interfaces.map(\.rawValue)
        case "href": values = [link.href]
        case "ct": values = ["\(ContentFormat.ocfCBOR)"]
        default: return false
        }
        guard parts[1].hasSuffix("*") else { return values.contains(parts[1]) }
        return values.contains { $0.hasPrefix(parts[1].dropLast()) }
    }
}
