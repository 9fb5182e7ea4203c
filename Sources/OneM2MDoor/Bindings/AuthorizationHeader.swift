import OneM2MPrimitives

/// The tokens of an `Authorization` field: compact JWTs joined with `+` and no scheme (TS-0009 6.4.19), and as OAuth has
/// it, behind `Bearer` (7.1). No other scheme is one of oneM2M's; what it brings is passed over and gives no rights.
enum AuthorizationHeader {
    /// The tokens; empty for another scheme.
    ///
    /// - Throws: ``OneM2MError`` 4000 for more tokens than are looked at, or empty ones.
    static func tokens(_ field: String) throws(OneM2MError) -> [String] {
        // By bytes: a token has hundreds of them, and to look for characters takes a quarter of a request's time.
        let words = field.utf8.split(whereSeparator: { $0 == 0x20 || $0 == 0x09 }).map { Substring($0) }
        guard let first = words.first else { return [] }
        var text = words[...]
        if first.lowercased() == "bearer" {
            text = text.dropFirst()
        } else if words.count > 1, !first.hasSuffix("+"), !words[1].hasPrefix("+") {
            return []
        }
        let joined = text.joined()
        let tokens = joined.utf8.split(separator: UInt8(ascii: "+"), omittingEmptySubsequences: false)
            .map { String(Substring($0)) }
        guard (1...RequestPrimitive.mostValues).contains(tokens.count), tokens.allSatisfy({ !$0.isEmpty }) else {
            throw OneM2MError(
                .badRequest, "Authorization: expected 1 to \(RequestPrimitive.mostValues) tokens joined with +")
        }
        return tokens
    }

    /// The field's value of these tokens.
    static func field(_ tokens: [String]) -> String { tokens.joined(separator: "+") }
}
