import Testing

@testable import XMPP

@Suite("Stanzas on a stream, and sessions taken up again (XEP-0198)")
struct StreamSessionTests {
    @Test("Stanzas are counted and acknowledged; the server is asked every eighth")
    func counting() throws {
        var driver = try StreamDriver()
        try driver.open()
        try driver.receive("<message/><iq type='get' id='1'><a xmlns='urn:x'/></iq><r xmlns='urn:xmpp:sm:3'/>")
        #expect(driver.sent == ["<a xmlns='urn:xmpp:sm:3' h='2'/>"])
        var asked = 0
        for _ in 0..<16 {
            let effects = driver.machine.send([7])
            asked += effects?.contains(.send(StreamManagement.request)) == true ? 1 : 0
        }
        #expect(asked == 2)
        try driver.receive("<a xmlns='urn:xmpp:sm:3' h='16'/>")
        #expect(driver.machine.management?.queue.isEmpty == true)
        try driver.receive("<a xmlns='urn:xmpp:sm:3' h='17'/>")
        #expect(
            driver.sent.first?.contains("<handled-count-too-high xmlns='urn:xmpp:sm:3' h='17' send-count='16'/>")
                == true)
        #expect(driver.trouble == .protocolViolation)
        #expect(driver.machine.management == nil, "such a session is not taken up again")
    }

    @Test("A full queue refuses stanzas")
    func fullQueue() throws {
        var driver = try StreamDriver { $0.management.stanzas = 3 }
        try driver.open()
        let sent1 = driver.isSent(3)
        #expect(sent1)
        let sent2 = driver.isSent(1)
        #expect(!sent2)
        try driver.receive("<a xmlns='urn:xmpp:sm:3' h='1'/>")
        let sent3 = driver.isSent(1)
        #expect(sent3)
    }

    private func lost() throws -> (StreamManagement, JID?) {
        var driver = try StreamDriver()
        try driver.open()
        try driver.receive("<message/>")
        for number in 0..<3 { _ = driver.machine.send(Array("<s\(number)/>".utf8)) }
        return (try #require(driver.machine.management), driver.machine.address)
    }

    @Test("A lost session is taken up: what the server lacks is sent again, in order, before what is new")
    func resuming() throws {
        let (management, address) = try lost()
        var driver = try StreamDriver(resuming: management, address: address)
        let waiting = driver.machine.send(Array("<s3/>".utf8))
        #expect(waiting == [])
        try driver.authenticate()
        try driver.receive(StreamDriver.features)
        #expect(driver.sent == ["<resume xmlns='urn:xmpp:sm:3' h='1' previd='sm1'/>"])
        try driver.receive("<resumed xmlns='urn:xmpp:sm:3' previd='sm1' h='1'/>")
        #expect(driver.sent == ["<s1/>", "<s2/>", "<s3/>"])
        #expect(driver.effects.last == .resumed)
        #expect(driver.machine.address == address)
    }

    @Test("A session that cannot be taken up is told, and a new one begins")
    func notResumed() throws {
        let (management, address) = try lost()
        var driver = try StreamDriver(resuming: management, address: address)
        try driver.authenticate()
        try driver.receive(StreamDriver.features)
        try driver.receive(
            "<failed xmlns='urn:xmpp:sm:3'><item-not-found xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></failed>")
        #expect(driver.effects.first == .notResumed(lost: 3))
        #expect(driver.sent.first?.contains("bind") == true)
        #expect(driver.machine.state == .binding)

        driver = try StreamDriver(resuming: management, address: address)
        try driver.authenticate()
        try driver.receive("<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></stream:features>")
        #expect(driver.effects.first == .notResumed(lost: 3), "a server that no longer offers it")

        driver = try StreamDriver(resuming: management, address: address)
        try driver.authenticate()
        try driver.receive(StreamDriver.features)
        try driver.receive("<resumed xmlns='urn:xmpp:sm:3' previd='sm1' h='9'/>")
        #expect(driver.trouble == .protocolViolation)

        driver = try StreamDriver(resuming: management, address: address)
        try driver.authenticate()
        try driver.receive(StreamDriver.features)
        try driver.receive("<resumed xmlns='urn:xmpp:sm:3' previd='other' h='1'/>")
        #expect(driver.trouble == .protocolViolation)
    }

    @Test("The server says where it would have its session taken up again")
    func location() throws {
        var driver = try StreamDriver()
        try driver.open()
        #expect(driver.machine.management?.location == nil)
        driver = try StreamDriver()
        try driver.authenticate()
        try driver.receive(StreamDriver.features)
        try driver.receive(
            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>gateway@home/x</jid></bind></iq>"
        )
        try driver.receive("<enabled xmlns='urn:xmpp:sm:3' id='sm1' resume='true' location='[2001:db8::1]:9222'/>")
        #expect(driver.machine.management?.location == "[2001:db8::1]:9222")
    }
}
