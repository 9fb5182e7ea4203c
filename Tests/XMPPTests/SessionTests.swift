import NIOCore
import NIOEmbedded
import Testing

@testable import XMPP

/// Two sessions on a server in memory.
struct SessionPair {
    let loop = EmbeddedEventLoop()
    let server: MemoryServer
    let gateway: XMPPSession
    let reader: XMPPSession
    let gatewayAddress: JID
    let readerAddress: JID

    init(limits: SessionLimits = .standard) throws {
        gatewayAddress = try #require(JID("gateway@home/g"))
        readerAddress = try #require(JID("reader@home/r"))
        server = MemoryServer(on: loop)
        let info = DiscoInfo(identities: [.init(category: "client", type: "bot")], features: ["urn:x"])
        gateway = XMPPSession(account: gatewayAddress, info: info, software: "urn:gatehouse", on: loop, limits: limits)
        reader = XMPPSession(account: readerAddress, info: info, software: "urn:reader", on: loop)
    }

    func connect() {
        server.connect(gateway, as: gatewayAddress)
        server.connect(reader, as: readerAddress)
        loop.run()
    }
}

@Suite("Sessions")
struct SessionTests {
    private let question = XMLElement("req", "urn:x", ["seqnr": "1"])

    private func ask(_ pair: SessionPair, _ payload: XMLElement) -> Result<XMLElement?, IQFailure>? {
        var answer: Result<XMLElement?, IQFailure>?
        pair.reader.get(payload, to: pair.gatewayAddress) {
            #expect(answer == nil)
            answer = $0
        }
        pair.loop.run()
        return answer
    }

    private func condition(_ answer: Result<XMLElement?, IQFailure>?) -> StanzaError.Condition? {
        if case .failure(.refused(let error, _))? = answer { error.condition } else { nil }
    }

    @Test("A handler answers, at once or later, and only once")
    func answering() throws {
        let pair = try SessionPair()
        var kept: IQRequest?
        pair.gateway.onRequest(.get, "req", "urn:x") { kept = $0 }
        pair.connect()
        #expect(ask(pair, question) == nil)
        let request = try #require(kept)
        #expect(request.from == pair.readerAddress)
        kept = nil
        let before = pair.server.sent.count
        request.result(XMLElement("accepted", "urn:x"))
        request.result()
        request.error(StanzaError(.badRequest))
        pair.loop.run()
        #expect(pair.server.sent.count == before + 1)
        #expect(request.isAnswered)
    }

    @Test("Ping, disco and what nobody answers")
    func builtIn() throws {
        let pair = try SessionPair()
        pair.gateway.onRequest(.get, "req", "urn:x") { $0.result() }
        pair.connect()
        #expect(try ask(pair, XMLElement("ping", Namespace.ping))?.get() == nil)
        let info = try ask(pair, XMLElement("query", Namespace.discoInfo))?.get().flatMap { DiscoInfo($0) }
        #expect(info == pair.gateway.info)
        let capabilities = try #require(pair.reader.capabilities(of: pair.gatewayAddress))
        #expect(info.map { capabilities.match($0) } == true)
        let byNode = XMLElement("query", Namespace.discoInfo, ["node": capabilities.discoNode])
        #expect(try ask(pair, byNode)?.get()?["node"] == capabilities.discoNode)
        #expect(condition(ask(pair, XMLElement("query", Namespace.discoInfo, ["node": "x"]))) == .itemNotFound)
        #expect(try ask(pair, XMLElement("query", Namespace.discoItems))?.get() != nil)
        #expect(condition(ask(pair, XMLElement("other", "urn:y"))) == .serviceUnavailable)
        #expect(condition(ask(pair, XMLElement("other", "urn:x"))) == .featureNotImplemented)
        pair.gateway.onRequest(.get, nil, "urn:x") { $0.error(StanzaError(.forbidden)) }
        #expect(condition(ask(pair, XMLElement("other", "urn:x"))) == .forbidden)
        #expect(try ask(pair, question)?.get() == nil)
    }

    @Test("A handler that forgets a request has answered it")
    func forgetting() throws {
        let pair = try SessionPair()
        pair.gateway.onRequest(.get, "req", "urn:x") { _ in }
        pair.connect()
        #expect(condition(ask(pair, question)) == .internalServerError)
        #expect(pair.gateway.openRequests == 0)
    }

    @Test("Past the limit of open requests the next are refused, and answered ones make room")
    func overload() throws {
        var limits = SessionLimits.standard
        limits.requests = 2
        let pair = try SessionPair(limits: limits)
        var kept: [IQRequest] = []
        pair.gateway.onRequest(.get, "req", "urn:x") { kept.append($0) }
        pair.connect()
        #expect(ask(pair, question) == nil)
        #expect(ask(pair, question) == nil)
        #expect(condition(ask(pair, question)) == .resourceConstraint)
        kept.removeFirst().result()
        pair.loop.run()
        #expect(ask(pair, question) == nil)
        #expect(pair.gateway.counters.overloaded == 1)
    }

    @Test("10,000 requests at once: each has one answer, whether there was room for it or not")
    func flood() throws {
        let pair = try SessionPair()
        var kept: [IQRequest] = []
        pair.gateway.onRequest(.get, "req", "urn:x") { kept.append($0) }
        pair.connect()
        let before = pair.server.sent.count
        for number in 0..<10_000 {
            pair.gateway.receive(
                IQ(.get(question), id: "\(number)", from: pair.readerAddress, to: pair.gatewayAddress).element)
        }
        #expect(kept.count == SessionLimits.standard.requests)
        for request in kept { request.result() }
        kept = []
        let answers = pair.server.sent[before...].compactMap { try? IQ($0) }
        #expect(Set(answers.map(\.id)).count == 10_000)
        #expect(answers.count == 10_000)
        #expect(pair.gateway.openRequests == 0)
    }

    @Test("An answer that does not come, one from a stranger, one after the end")
    func unanswered() throws {
        let pair = try SessionPair()
        var kept: IQRequest?
        pair.gateway.onRequest(.get, "req", "urn:x") { kept = $0 }
        pair.connect()
        var answers: [Result<XMLElement?, IQFailure>] = []
        pair.reader.get(question, to: pair.gatewayAddress, timeout: .seconds(5)) { answers.append($0) }
        pair.loop.run()
        let id = try #require(kept).iq.id
        let stranger = IQ(.result(nil), id: id, from: JID("eve@home/e"), to: pair.readerAddress)
        pair.reader.receive(stranger.element)
        #expect(answers.isEmpty)
        #expect(pair.reader.counters.strayAnswers == 1)
        pair.loop.advanceTime(by: .seconds(6))
        #expect(answers == [.failure(.unanswered)])
        kept?.result()
        pair.loop.run()
        #expect(answers.count == 1)
        pair.reader.get(question, to: pair.gatewayAddress) { answers.append($0) }
        pair.server.disconnect(pair.readerAddress)
        #expect(answers == [.failure(.unanswered), .failure(.disconnected)])
        pair.reader.get(question, to: pair.gatewayAddress) { answers.append($0) }
        pair.loop.run()
        #expect(answers.count == 3)
        #expect(!pair.reader.send(Message([question], to: pair.gatewayAddress)))
    }

    @Test("Messages go to the handlers of their payloads, errors to those for errors")
    func messages() throws {
        let pair = try SessionPair()
        var seen: [String] = []
        pair.gateway.onMessage("set", "urn:x") { _, payload in seen.append("set \(payload.text)") }
        pair.gateway.onMessage(nil, "urn:y") { _, payload in seen.append(payload.name) }
        pair.gateway.onUndelivered { seen.append("error \($0.payloads.count)") }
        pair.connect()
        let payloads = [
            XMLElement("set", "urn:x", text: "1"), XMLElement("a", "urn:y"), XMLElement("b", "urn:y"),
            XMLElement("c", "urn:z"),
        ]
        pair.reader.send(Message(payloads, to: pair.gatewayAddress.bare))
        pair.reader.send(
            Message(payloads, kind: .error, to: pair.gatewayAddress, error: StanzaError(.recipientUnavailable)))
        pair.loop.run()
        #expect(seen == ["set 1", "a", "b", "error 4"])
    }

    @Test("Presence: who is there, who asks to be a friend")
    func presence() throws {
        let pair = try SessionPair()
        var asked: [JID] = []
        var kinds: [Presence.Kind] = []
        pair.gateway.onSubscriptionRequest { from, _ in asked.append(from) }
        pair.gateway.onPresence { kinds.append($0.kind) }
        pair.connect()
        #expect(pair.gateway.resources(of: pair.readerAddress.bare) == [pair.readerAddress])
        pair.reader.subscribe(to: pair.gatewayAddress)
        pair.loop.run()
        #expect(asked == [pair.readerAddress.bare])
        pair.server.disconnect(pair.readerAddress)
        pair.loop.run()
        #expect(!pair.gateway.isAvailable(pair.readerAddress))
        #expect(kinds == [.available, .unavailable])
    }

    @Test("The roster: the list, a change from one's own account, none from a stranger")
    func roster() throws {
        let pair = try SessionPair()
        var changes: [JID?] = []
        pair.gateway.onRoster { changes.append($0) }
        pair.connect()
        func push(_ item: XMLElement, from: JID?) {
            let query = XMLElement("query", Namespace.roster, ["ver": "v2"], children: [item])
            pair.gateway.receive(IQ(.set(query), id: "p", from: from).element)
        }
        let friend = try #require(JID("friend@home"))
        let item = XMLElement("item", Namespace.roster, ["jid": "friend@home", "subscription": "both", "name": "F"])
        push(item, from: JID("eve@home"))
        #expect(pair.gateway.roster.contacts.isEmpty)
        push(item, from: pair.gatewayAddress.bare)
        #expect(pair.gateway.roster.isFriend(friend))
        #expect(pair.gateway.roster.version == "v2")
        push(XMLElement("item", Namespace.roster, ["jid": "friend@home", "subscription": "remove"]), from: nil)
        #expect(!pair.gateway.roster.isFriend(friend))
        #expect(changes == [nil, friend, friend])
    }

    @Test("While a session is suspended questions wait; a new one fails them and forgets presence")
    func suspension() throws {
        let pair = try SessionPair()
        var states: [SessionState] = []
        pair.reader.onState { states.append($0) }
        pair.connect()
        var answers: [Result<XMLElement?, IQFailure>] = []
        pair.gateway.onRequest(.get, "req", "urn:x") { $0.result() }
        pair.reader.suspended()
        pair.reader.get(question, to: pair.gatewayAddress) { answers.append($0) }
        pair.reader.resumed()
        pair.loop.run()
        #expect(answers == [.success(nil)])
        pair.reader.suspended()
        pair.reader.began(as: pair.readerAddress)
        #expect(states.map(\.isOnline) == [true, false, true, false, true])
        #expect(pair.reader.resources(of: pair.gatewayAddress).isEmpty)
    }
}
