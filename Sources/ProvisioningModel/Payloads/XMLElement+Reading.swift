import TLS
import XMPP

extension XMLElement {
    /// Demands that it is this element of XEP-0324.
    func demand(_ name: String) throws(PayloadError) {
        guard isNamed(name, Provisioning.namespace) else {
            throw PayloadError(.wrongElement, "<\(self.name.prefix(32))> is no \(name)")
        }
    }

    /// A required attribute with an address, of which the resource means nothing here.
    func address(_ name: String) throws(PayloadError) -> JID {
        let text = try required(name)
        guard let jid = JID(text) else {
            throw PayloadError(.badValue, "\(name) is \"\(text.prefix(64))\"; an address was expected")
        }
        return jid.bare
    }

    /// A required attribute of bounded length that is not empty.
    func text(_ name: String, atMost limit: Int) throws(PayloadError) -> String {
        let text = try required(name)
        guard !text.isEmpty else { throw PayloadError(.badValue, "\(name) is empty") }
        guard text.utf8.count <= limit else {
            throw PayloadError(.tooMany, "\(name) has \(text.utf8.count) bytes, at most \(limit) are taken")
        }
        return text
    }

    /// A required attribute with one token.
    func token(_ name: String) throws(PayloadError) -> String {
        let text = try text(name, atMost: ProvisioningLimits.tokenBytes)
        guard ProvisioningTokens.isToken(text) else {
            throw PayloadError(.badValue, "\(name) has white space in it; one token was expected")
        }
        return text
    }

    /// The bytes that the element's text holds in base64.
    func bytes(_ what: String, atMost limit: Int) throws(PayloadError) -> [UInt8] {
        let text = self.text
        // Padded, and with room for line breaks.
        guard text.utf8.count <= 2 * limit else {
            throw PayloadError(.tooMany, "\(what) has \(text.utf8.count) characters, at most \(2 * limit) are taken")
        }
        guard let bytes = Base64.decode(text.utf8), !bytes.isEmpty else {
            throw PayloadError(.badValue, "\(what) is no base64")
        }
        guard bytes.count <= limit else {
            throw PayloadError(.tooMany, "\(what) has \(bytes.count) bytes, at most \(limit) are taken")
        }
        return bytes
    }

    /// The names in child elements.
    func names(_ child: String) throws(PayloadError) -> [String] {
        let children = children(child)
        guard children.count <= ProvisioningLimits.names else {
            throw PayloadError(
                .tooMany, "\(children.count) names are listed, at most \(ProvisioningLimits.names) are taken")
        }
        var names: [String] = []
        for child in children { names.append(try child.text("name", atMost: ProvisioningLimits.nameBytes)) }
        return names
    }

    /// Adds names as child elements.
    mutating func append(_ names: [String], as child: String) {
        for name in names { append(XMLElement(child, Provisioning.namespace, ["name": name])) }
    }
}

extension XMLElement {
    /// An element of XEP-0324.
    static func provisioning(
        _ name: String, _ attributes: KeyValuePairs<String, String?> = [:], children: [XMLElement] = [],
        base64: [UInt8]? = nil
    ) -> XMLElement {
        XMLElement(
            name, Provisioning.namespace, attributes, children: children, text: base64.map { Base64.text($0) } ?? "")
    }
}
