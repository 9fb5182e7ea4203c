import Testing

@testable import XMPP

@Suite("Stanzas")
struct StanzaTests {
    private func iq(_ attributes: KeyValuePairs<String, String?>, _ children: [XMLElement] = []) -> XMLElement {
        XMLElement("iq", Namespace.client, attributes, children: children)
    }

    private let ping = XMLElement("ping", Namespace.ping)

    @Test("Each kind comes back as it was written")
    func roundTrip() throws {
        let peer = try #require(JID("a@b/c"))
        let error = StanzaError(
            .forbidden, "no", kind: .cancel, language: "en", by: JID("b"),
            application: [XMLElement("paramError", "urn:xmpp:iot:control", ["var": "x"], text: "too high")])
        let stanzas: [Stanza] = [
            .iq(IQ(.get(ping), id: "1", to: peer, language: "de")), .iq(IQ(.set(ping), id: "1", from: peer)),
            .iq(IQ(.result(nil), id: "1")), .iq(IQ(.result(ping), id: "1")), .iq(IQ(.error(error, ping), id: "1")),
            .message(Message([ping], kind: .chat, id: "2", from: peer, to: peer, language: "en")),
            .message(Message([], kind: .error, error: StanzaError(.gone, alternative: "xmpp:x@y"))),
            .presence(Presence()), .presence(Presence(.unavailable, from: peer)),
            .presence(Presence(.subscribe, to: peer, payloads: [ping])),
            .presence(Presence(.error, error: StanzaError(.remoteServerTimeout))),
        ]
        for stanza in stanzas { #expect(try Stanza(stanza.element) == stanza) }
    }

    @Test("Every condition has its kind, and is read back")
    func conditions() {
        #expect(StanzaError.Condition.allCases.count == 22)
        for condition in StanzaError.Condition.allCases {
            let error = StanzaError(condition)
            #expect(StanzaError(error.element) == error)
        }
        #expect(StanzaError(.itemNotFound).kind == .cancel)
        #expect(StanzaError(.badRequest).kind == .modify)
        #expect(StanzaError(XMLElement("error", Namespace.client)).condition == .undefinedCondition)
    }

    @Test("What is wrong is named, and what asks is answered where it can be")
    func faults() throws {
        let cases: [(XMLElement, StanzaFault.Code, isAnswered: Bool)] = [
            (XMLElement("iq", "urn:x"), .notAStanza, false),
            (XMLElement("query", Namespace.client), .notAStanza, false),
            (iq(["type": "get"], [ping]), .missingAttribute, false),
            (iq(["id": "1"], [ping]), .missingAttribute, false),
            (iq(["id": "1", "type": "put"], [ping]), .unknownType, false),
            (iq(["id": "1", "type": "get"]), .wrongChildCount, true),
            (iq(["id": "1", "type": "set"], [ping, ping]), .wrongChildCount, true),
            (iq(["id": "1", "type": "set", "to": "@"], [ping]), .malformedAddress, true),
            (iq(["id": "1", "type": "set", "from": "@"], [ping]), .malformedAddress, false),
            (XMLElement("presence", Namespace.client, ["type": "x"]), .unknownType, false),
            (XMLElement("message", Namespace.client, ["from": ""]), .malformedAddress, false),
        ]
        for (element, code, isAnswered) in cases {
            let fault = #expect(throws: StanzaFault.self) { try Stanza(element) }
            #expect(fault?.code == code, "\(element)")
            #expect((fault?.answer != nil) == isAnswered, "\(element)")
            if let answer = fault?.answer { #expect(answer.id == "1") }
        }
    }

    @Test("An error without its element, as peers of 2013 send it, is an error")
    func bareError() throws {
        let rejected = XMLElement("rejected", "urn:xmpp:iot:sensordata", ["seqnr": "1"])
        let stanza = try IQ(iq(["id": "1", "type": "error"], [rejected]))
        #expect(stanza.content == .error(StanzaError(.undefinedCondition), rejected))
    }

    @Test("Presence: priority, status; an unknown type of message is normal")
    func details() throws {
        let presence = Presence(payloads: [
            XMLElement("priority", Namespace.client, text: "-5"), XMLElement("status", Namespace.client, text: "here"),
        ])
        #expect(presence.priority == -5)
        #expect(presence.status == "here")
        #expect(Presence(payloads: [XMLElement("priority", Namespace.client, text: "500")]).priority == 0)
        #expect(try Message(XMLElement("message", Namespace.client, ["type": "odd"])).kind == .normal)
    }
}
