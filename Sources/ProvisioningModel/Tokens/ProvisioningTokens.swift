import XMPP

/// What those who ask for something can show: tokens of the service, the device and the user that act (XEP-0324 5.6).
public struct ProvisioningTokens: Sendable, Hashable {
    /// Tokens of services, one from each server that the service trusts.
    public var service: [String]
    /// Tokens of devices.
    public var device: [String]
    /// Tokens of users.
    public var user: [String]

    /// Tokens; none unless told otherwise.
    public init(service: [String] = [], device: [String] = [], user: [String] = []) {
        self.service = service
        self.device = device
        self.user = user
    }

    /// Whether there are none.
    public var isEmpty: Bool { service.isEmpty && device.isEmpty && user.isEmpty }

    /// All of them.
    public var all: [String] { service + device + user }

    /// Whether a text can be a token: not empty, without white space (XEP-0324 3.1.3), no longer than is taken.
    public static func isToken(_ text: String) -> Bool {
        !text.isEmpty && text.utf8.count <= ProvisioningLimits.tokenBytes
            && text.unicodeScalars.allSatisfy { !$0.properties.isWhitespace }
    }

    /// The tokens on a request; several in one attribute are separated by one space (XEP-0324 3.1.5).
    public init(_ element: XMLElement) throws(PayloadError) {
        service = try ProvisioningTokens.list(element, "serviceToken")
        device = try ProvisioningTokens.list(element, "deviceToken")
        user = try ProvisioningTokens.list(element, "userToken")
    }

    /// Puts the tokens on a request.
    public func set(on element: inout XMLElement) {
        for (name, tokens) in [("serviceToken", service), ("deviceToken", device), ("userToken", user)]
        where !tokens.isEmpty {
            element[name] = tokens.joined(separator: " ")
        }
    }

    /// The tokens in one attribute; none when it is not there.
    static func list(_ element: XMLElement, _ name: String) throws(PayloadError) -> [String] {
        guard let text = element[name] else { return [] }
        guard text.utf8.count <= ProvisioningLimits.tokensBytes else {
            throw PayloadError(
                .tooMany, "\(name) has \(text.utf8.count) bytes, at most \(ProvisioningLimits.tokensBytes) are taken")
        }
        let tokens = text.split(separator: " ").map(String.init)
        guard tokens.count <= ProvisioningLimits.tokens else {
            throw PayloadError(
                .tooMany, "\(name) has \(tokens.count) tokens, at most \(ProvisioningLimits.tokens) are taken")
        }
        for token in tokens where !isToken(token) {
            throw PayloadError(.badValue, "\(name) has a token that is none: \"\(token.prefix(32))\"")
        }
        return tokens
    }

    /// The tokens in an attribute that the schema demands: at least one.
    static func required(_ element: XMLElement, _ name: String) throws(PayloadError) -> [String] {
        let tokens = try list(element, name)
        guard !tokens.isEmpty else { throw PayloadError(.missing, "<\(element.name)> has no \(name)") }
        return tokens
    }
}
