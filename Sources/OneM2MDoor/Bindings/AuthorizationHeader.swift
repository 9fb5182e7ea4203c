import OneM2MPrimitives

/// The tokens of an `Authorization` field: compact JWTs joined with `+` and no scheme (TS-0009 6.4.2.15), and as OAuth has
/// it, behind `Bearer` (7.1). No other scheme is one of oneM2M's; what it brings is passed over and gives no rights.
enum AuthorizationHeader {
    /// The tokens; empty for another scheme.
    ///
    /// - Throws: ``OneM2MError`` 4000 for more tokens than are looked at, or empty ones.
    static func tokens(_ field: String) throws(OneM2MError) -> [String] {
        let words = field.split(whereSeparator: { $0 == " " || $0 == "\t" })
        guard let first = words.first else { return [] }
        var text = words[...]
        if first.lowercased() == "bearer" {
            text = text.dropFirst()
        } else if words.count > 1, !first.hasSuffix("+"), !words[1].hasPrefix("+") {
            return []
        }
        let joined = text.joined()
        let tokens = joined.split(separator: "+", omittingEmptySubsequences: false).map(String.init)
        guard (1...RequestPrimitive.mostValues).contains(tokens.count), tokens.allSatisfy({ !$0.isEmpty }) else {
            throw OneM2MError(
                .badRequest, "Authorization: expected 1 to \(RequestPrimitive.mostValues) tokens joined with +")
        }
        return tokens
    }

    /// The field's value of these tokens.
    static func field(_ tokens: [String]) -> String { tokens.joined(separator: "+") }
}
