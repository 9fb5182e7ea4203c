import OneM2MPrimitives

/// Assigned Token Identifiers as one text: `lti:tkid + lti:tkid` (TS-0009 6.4.18, TS-0008 6.2.2.4.15).
enum AssignedTokenText {
    static func text(_ tokens: [AssignedToken]) -> String {
        tokens.map { "\($0.localTokenID):\($0.tokenID)" }.joined(separator: " + ")
    }

    /// The assignments of a text; what is none is passed over.
    static func read(_ text: String) -> [AssignedToken] {
        text.split { $0 == "+" || $0 == " " }.prefix(RequestPrimitive.mostValues).compactMap { item in
            guard let colon = item.utf8.firstIndex(of: UInt8(ascii: ":")) else { return nil }
            let token = item[item.index(after: colon)...]
            guard colon != item.startIndex, !token.isEmpty else { return nil }
            return AssignedToken(localTokenID: String(item[..<colon]), tokenID: String(token))
        }
    }
}
