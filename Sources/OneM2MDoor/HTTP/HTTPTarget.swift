import OneM2MPrimitives

/// A request target of HTTP and the address of a resource: `/~/` in front of a CSE-ID, `/_/` in front of a service provider
/// (TS-0009 6.2.2.1).
enum HTTPTarget {
    /// The address of a path, which is still escaped.
    ///
    /// - Throws: ``OneM2MError`` 4000 for a path that does not begin with a slash, has a broken escape, an empty segment or
    ///   an escaped slash: two different paths must never name one resource to whoever decides on access.
    static func address(path: Substring) throws(OneM2MError) -> String {
        guard path.utf8.first == UInt8(ascii: "/") else {
            throw OneM2MError(.badRequest, "the request target is no path; expected /, /~/ or /_/")
        }
        var decoded: [String] = []
        let rest = path.dropFirst()
        for segment in rest.split(separator: "/", omittingEmptySubsequences: false) {
            guard let text = PercentCoding.decoded(segment), !text.utf8.contains(UInt8(ascii: "/")) else {
                throw OneM2MError(.badRequest, "the request target has a broken escape, or an escaped slash")
            }
            decoded.append(text)
        }
        if decoded.last == "" { decoded.removeLast() }
        guard !decoded.contains("") else {
            throw OneM2MError(.badRequest, "the request target has an empty segment")
        }
        switch decoded.first {
        case "~": return "/" + decoded.dropFirst().joined(separator: "/")
        case "_": return "//" + decoded.dropFirst().joined(separator: "/")
        default: return decoded.joined(separator: "/")
        }
    }

    /// The path and query of a request target: itself, or of the absolute form, which every server has to take (RFC 9112
    /// 3.2.2), what follows the host.
    ///
    /// - Throws: ``OneM2MError`` 4000 when it names another host than `Host`: who checks one would have checked the wrong one.
    static func originForm(_ target: String, host: String?) throws(OneM2MError) -> Substring {
        guard target.utf8.first != UInt8(ascii: "/"),
            let scheme = ["http://", "https://"].first(where: { target.prefix($0.utf8.count).lowercased() == $0 })
        else { return target[...] }
        let rest = target.dropFirst(scheme.utf8.count)
        let end = rest.utf8.firstIndex { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "?") } ?? rest.endIndex
        guard let host, rest[..<end].lowercased() == host.lowercased() else {
            throw OneM2MError(.badRequest, "the request target names another host than the Host field")
        }
        return rest[end...]
    }

    /// The path of an address, escaped.
    static func path(address: String) -> String {
        let isAbsolute = address.utf8.starts(with: "//".utf8)
        let isRelativeToSP = !isAbsolute && address.utf8.first == UInt8(ascii: "/")
        let segments = address.dropFirst(isAbsolute ? 2 : isRelativeToSP ? 1 : 0)
            .split(separator: "/", omittingEmptySubsequences: false)
        return (isAbsolute ? "/_/" : isRelativeToSP ? "/~/" : "/")
            + segments.map { PercentCoding.encoded($0) }.joined(separator: "/")
    }
}
