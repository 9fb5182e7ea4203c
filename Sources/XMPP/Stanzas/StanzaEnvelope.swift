/// What messages and presences have alike on the wire (RFC 6120 8.1): addresses, id, language, payloads, perhaps an error.
struct StanzaEnvelope {
    var id: String?
    var from: JID?
    var to: JID?
    var language: String?
    /// What is in it, without an `error`.
    var payloads: [XMLElement]
    var error: StanzaError?

    init(id: String?, from: JID?, to: JID?, language: String?, payloads: [XMLElement], error: StanzaError?) {
        self.id = id
        self.from = from
        self.to = to
        self.language = language
        self.payloads = payloads
        self.error = error
    }

    init(_ element: XMLElement) throws(StanzaFault) {
        let addresses = try StanzaAddresses(element)
        let children = element.children
        self.init(
            id: element["id"], from: addresses.from, to: addresses.to, language: element.language,
            payloads: children.filter { !$0.isNamed("error", Namespace.client) },
            error: children.first { $0.isNamed("error", Namespace.client) }.map { StanzaError($0) })
    }

    func element(_ name: String, type: String?) -> XMLElement {
        XMLElement(
            name, Namespace.client,
            [
                "type": type, "id": id, "from": from?.description, "to": to?.description, "xml:lang": language,
            ],
            children: payloads + (error.map { [$0.element] } ?? []))
    }
}
