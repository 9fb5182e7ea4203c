import Foundation
import TLS
import Testing

@testable import XMPP

/// A stream's machine, driven step by step; keeps what it wants done.
struct StreamDriver {
    var machine: StreamMachine
    /// The effects of the last input.
    var effects: [StreamMachine.Effect] = []

    init(
        _ change: (inout StreamMachine.Settings) -> Void = { _ in }, resuming: StreamManagement? = nil,
        address: JID? = nil
    ) throws {
        var settings = StreamMachine.Settings(
            account: try #require(JID("gateway@home")), credentials: .password(Array("pencil".utf8)))
        change(&settings)
        machine = StreamMachine(settings, resuming: resuming, address: address)
    }

    mutating func feed(_ input: StreamMachine.Input) { effects = machine.handle(input) }

    /// Feeds what the server sends, as text.
    mutating func receive(_ text: String) throws {
        let reader = XMLStreamReader()
        let (_, fault) = reader.read(Array(XMLStreamReaderTests.header.utf8))
        try #require(fault == nil)
        effects = []
        for event in reader.read(Array(text.utf8)).events { effects += machine.handle(.event(event)) }
    }

    mutating func header(_ attributes: KeyValuePairs<String, String?> = ["version": "1.0", "id": "s1"]) {
        feed(.event(.opened(XMLElement("stream", Namespace.stream, attributes))))
    }

    /// What is sent, as text.
    var sent: [String] {
        effects.compactMap { effect in
            switch effect {
            case .send(let element): element.serialized(in: Namespace.client)
            case .write(let bytes): String(decoding: bytes, as: UTF8.self)
            default: nil
            }
        }
    }

    var trouble: StreamTrouble.Code? {
        for case .ended(let trouble) in effects { return trouble?.code }
        return nil
    }

    /// Whether so many stanzas can be sent.
    mutating func isSent(_ count: Int) -> Bool { (0..<count).allSatisfy { _ in machine.send([1]) != nil } }

    var isEnded: Bool { effects.contains { if case .ended = $0 { true } else { false } } }

    static let sasl = "xmlns='urn:ietf:params:xml:ns:xmpp-sasl'"
    static let scram =
        "<stream:features><mechanisms \(sasl)><mechanism>SCRAM-SHA-1</mechanism></mechanisms></stream:features>"

    /// To the features after authentication.
    mutating func authenticate() throws {
        feed(.connected(isSecure: true, channel: .none))
        header()
        try receive(Self.scram)
        try answerScram()
        header()
    }

    /// Plays the server's half of SCRAM-SHA-1 for "pencil".
    mutating func answerScram(tampers: Bool = false) throws {
        let salt: [UInt8] = [1, 2, 3, 4]
        guard case .send(let auth)? = effects.first else { throw StreamTrouble(.silent, "no auth") }
        let first = String(decoding: try #require(Base64.decode(auth.text.utf8)), as: UTF8.self)
        let bare = String(first.split(separator: ",", maxSplits: 2, omittingEmptySubsequences: false)[2])
        let nonce = String(try #require(bare.split(separator: ",").last).dropFirst(2)) + "server"
        let serverFirst = "r=\(nonce),s=\(Base64.text(salt)),i=4096"
        try receive("<challenge \(Self.sasl)>\(Base64.text(Array(serverFirst.utf8)))</challenge>")
        guard case .derive(let derivation)? = effects.first else { throw StreamTrouble(.silent, "no derivation") }
        let salted = derivation.run(password: Array("pencil".utf8))
        feed(.derived(salted))
        guard case .send(let response)? = effects.first else { throw StreamTrouble(.silent, "no response") }
        let final = String(decoding: try #require(Base64.decode(response.text.utf8)), as: UTF8.self)
        let withoutProof = String(final.prefix(upTo: try #require(final.range(of: ",p=")?.lowerBound)))
        let message = "\(bare),\(serverFirst),\(withoutProof)"
        let serverKey = Cryptography.hmac(.sha1, key: salted, Array("Server Key".utf8))
        var signature = Cryptography.hmac(.sha1, key: serverKey, Array(message.utf8))
        if tampers { signature[0] ^= 1 }
        try receive("<success \(Self.sasl)>\(Base64.text(Array("v=\(Base64.text(signature))".utf8)))</success>")
    }

    static let features =
        "<stream:features><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/><sm xmlns='urn:xmpp:sm:3'/></stream:features>"

    /// To an open stream with stream management.
    mutating func open() throws {
        try authenticate()
        try receive(Self.features)
        try receive(
            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>gateway@home/x</jid></bind></iq>"
        )
        try receive("<enabled xmlns='urn:xmpp:sm:3' id='sm1' resume='true' max='300'/>")
    }
}

@Suite("The stream's machine")
struct StreamMachineTests {
    @Test("From STARTTLS to an open stream")
    func wholeWay() throws {
        var driver = try StreamDriver { $0.resource = "g" }
        driver.feed(.connected(isSecure: false, channel: .none))
        #expect(
            driver.effects == [
                .open(XMLElement("stream", Namespace.stream, ["to": "home", "version": "1.0", "xml:lang": "en"]))
            ], "who we are is not told before TLS")
        driver.header()
        try driver.receive(
            "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/><mechanisms \(StreamDriver.sasl)>"
                + "<mechanism>PLAIN</mechanism></mechanisms></stream:features>")
        #expect(driver.sent == ["<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>"])
        try driver.receive("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        #expect(driver.effects == [.startTLS])
        driver.feed(.secured(channel: .none))
        guard case .open(let header)? = driver.effects.first else { return #expect(Bool(false)) }
        #expect(header["from"] == "gateway@home")
        driver.header()
        try driver.receive(StreamDriver.scram)
        #expect(driver.sent.first?.contains("mechanism='SCRAM-SHA-1'") == true)
        try driver.answerScram()
        #expect(driver.machine.state == .opening(.authenticated))
        driver.header()
        try driver.receive(StreamDriver.features)
        #expect(
            driver.sent == [
                "<iq id='bind' type='set'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>g</resource></bind></iq>"
            ])
        try driver.receive(
            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>gateway@home/g</jid></bind></iq>"
        )
        #expect(driver.sent == ["<enable xmlns='urn:xmpp:sm:3' resume='true'/>"])
        // A stanza that comes before the answer waits for the session.
        try driver.receive("<message/><enabled xmlns='urn:xmpp:sm:3' id='x' resume='true'/>")
        let address = try #require(JID("gateway@home/g"))
        #expect(driver.effects == [.began(address), .deliver(XMLElement("message", Namespace.client))])
        #expect(driver.machine.state == .open)
    }

    @Test("What a server offers before TLS means nothing except TLS")
    func beforeTLS() throws {
        var driver = try StreamDriver { $0.credentials.allowsPlain = true }
        driver.feed(.connected(isSecure: false, channel: .none))
        driver.header()
        try driver.receive(StreamDriver.scram)
        #expect(driver.trouble == .notEncrypted)
        #expect(driver.sent.isEmpty)

        driver = try StreamDriver()
        driver.feed(.connected(isSecure: false, channel: .none))
        driver.header()
        try driver.receive("<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>")
        try driver.receive("<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>\(StreamDriver.features)<message/>")
        #expect(driver.effects == [.startTLS], "what was slipped in behind proceed is not believed")
        #expect(driver.machine.state == .securing)

        driver = try StreamDriver()
        driver.feed(.connected(isSecure: false, channel: .none))
        driver.header()
        try driver.receive("<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:features>")
        try driver.receive("<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
        #expect(driver.trouble == .notEncrypted)
    }

    @Test("A server that does not know the password, or skips the proof")
    func falseServers() throws {
        var driver = try StreamDriver()
        driver.feed(.connected(isSecure: true, channel: .none))
        driver.header()
        try driver.receive(StreamDriver.scram)
        try driver.answerScram(tampers: true)
        #expect(driver.trouble == .serverNotTrusted)

        driver = try StreamDriver()
        driver.feed(.connected(isSecure: true, channel: .none))
        driver.header()
        try driver.receive(StreamDriver.scram)
        try driver.receive("<success \(StreamDriver.sasl)/>")
        #expect(driver.trouble == .serverNotTrusted)

        driver = try StreamDriver()
        driver.feed(.connected(isSecure: true, channel: .none))
        driver.header()
        try driver.receive(StreamDriver.scram)
        try driver.receive("<challenge \(StreamDriver.sasl)>!</challenge>")
        #expect(driver.trouble == .serverNotTrusted)
    }

    @Test(
        "Refusals by name",
        arguments: [
            ("not-authorized", .credentialsRefused), ("account-disabled", .credentialsRefused),
            ("credentials-expired", .credentialsRefused), ("temporary-auth-failure", .serverRefused),
            ("mechanism-too-weak", .noMechanism), ("invalid-mechanism", .noMechanism),
        ] as [(String, StreamTrouble.Code)])
    func refusals(_ condition: String, _ code: StreamTrouble.Code) throws {
        var driver = try StreamDriver()
        driver.feed(.connected(isSecure: true, channel: .none))
        driver.header()
        try driver.receive(StreamDriver.scram)
        try driver.receive("<failure \(StreamDriver.sasl)><\(condition)/><text>because</text></failure>")
        #expect(driver.trouble == code)
        guard case .ended(let trouble)? = driver.effects.last else { return #expect(Bool(false)) }
        #expect(trouble?.reason.contains("\(condition): because") == true)
    }

    @Test("A server that knows another kind of binding, and had not said so, is asked once more without")
    func bindingByGuess() throws {
        let plus =
            "<stream:features><mechanisms \(StreamDriver.sasl)><mechanism>SCRAM-SHA-1</mechanism>"
            + "<mechanism>SCRAM-SHA-1-PLUS</mechanism></mechanisms></stream:features>"
        func begun(_ policy: ChannelBindingPolicy) throws -> StreamDriver {
            var driver = try StreamDriver { $0.channelBinding = policy }
            driver.feed(.connected(isSecure: true, channel: ChannelBindings(unique: [1])))
            driver.header()
            try driver.receive(plus)
            #expect(driver.sent.first?.contains("mechanism='SCRAM-SHA-1-PLUS'") == true)
            return driver
        }
        let refusal = "<failure \(StreamDriver.sasl)><malformed-request/></failure>"
        var driver = try begun(.offered)
        try driver.receive(refusal)
        #expect(driver.sent.first?.contains("mechanism='SCRAM-SHA-1'") == true)
        var once = driver
        try once.receive(refusal)
        #expect(once.trouble == .credentialsRefused)
        try driver.answerScram()
        #expect(driver.machine.state == .opening(.authenticated))

        driver = try begun(.offered)
        try driver.receive("<failure \(StreamDriver.sasl)><not-authorized/></failure>")
        #expect(driver.trouble == .credentialsRefused, "a wrong password is not tried twice")
        driver = try begun(.required)
        try driver.receive(refusal)
        #expect(driver.trouble == .credentialsRefused)

        // A server that finds that the binding does not fit says so later: somebody is in between, and is not helped.
        driver = try begun(.offered)
        guard case .send(let auth)? = driver.effects.first else { return #expect(Bool(false)) }
        let first = String(decoding: try #require(Base64.decode(auth.text.utf8)), as: UTF8.self)
        let nonce = try #require(first.split(separator: "=").last)
        let challenge = Base64.text(Array("r=\(nonce)s,s=AQID,i=4096".utf8))
        try driver.receive("<challenge \(StreamDriver.sasl)>\(challenge)</challenge>")
        driver.feed(.derived([1, 2, 3]))
        try driver.receive(refusal)
        #expect(driver.trouble == .credentialsRefused)
    }

    @Test("A password that no server could compare is not tried")
    func unpreparedPassword() throws {
        for password in [Array("pen\u{301}cil".utf8), [0xFF], []] {
            var driver = try StreamDriver { $0.credentials = .password(password) }
            driver.feed(.connected(isSecure: true, channel: .none))
            driver.header()
            try driver.receive(StreamDriver.scram)
            #expect(driver.trouble == .credentialsRefused)
            #expect(driver.sent.isEmpty)
        }
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

    @Test("Stream errors by name, in every state")
    func streamErrors() throws {
        for condition in StreamError.Condition.allCases {
            var driver = try StreamDriver()
            try driver.open()
            try driver.receive(
                "<stream:error><\(condition.rawValue) xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error>")
            let expected: StreamTrouble.Code =
                switch condition {
                case .conflict: .replaced
                case .notAuthorized: .credentialsRefused
                default: .serverRefused
                }
            #expect(driver.trouble == expected)
            guard case .ended(let trouble)? = driver.effects.last else { return #expect(Bool(false)) }
            #expect(trouble?.streamError?.condition == condition)
            #expect(driver.effects.first == .sendEnd)
        }
        var driver = try StreamDriver()
        driver.feed(.connected(isSecure: false, channel: .none))
        driver.header()
        try driver.receive(
            "<stream:error><host-unknown xmlns='urn:ietf:params:xml:ns:xmpp-streams'/></stream:error></stream:stream>")
        #expect(driver.trouble == .serverRefused)
    }

    @Test("XML that cannot be read is answered by name")
    func faults() throws {
        for (code, condition) in [
            (XMLFault.Code.notWellFormed, "not-well-formed"), (.restricted, "restricted-xml"),
            (.tooLarge, "policy-violation"), (.badFormat, "bad-format"), (.outOfMemory, "resource-constraint"),
        ] {
            var driver = try StreamDriver()
            try driver.open()
            driver.feed(.fault(XMLFault(code, "x")))
            #expect(driver.sent.first?.contains(condition) == true)
            #expect(driver.trouble == .protocolViolation)
        }
    }

    @Test("A component shows its secret, and needs no more")
    func component() throws {
        var driver = try StreamDriver {
            $0.account = JID("things.home") ?? $0.account
            $0.isComponent = true
            $0.allowsUnencrypted = true
            $0.usesManagement = false
        }
        driver.feed(.connected(isSecure: false, channel: .none))
        driver.header(["id": "3BF96D32"])
        // SHA-1 of "3BF96D32pencil", by sha1sum.
        #expect(driver.sent == ["<handshake>c1de38bb7c8c976c7c797aa823cc87fed81f408b</handshake>"])
        try driver.receive("<handshake/>")
        #expect(driver.effects == [.began(try #require(JID("things.home")))])
        let written = driver.machine.send([1])
        #expect(written == [.write([1])])
    }

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

    @Test("An orderly end from both sides")
    func ending() throws {
        var driver = try StreamDriver()
        try driver.open()
        driver.feed(.close)
        #expect(driver.effects == [.sendEnd])
        let sent4 = driver.isSent(1)
        #expect(!sent4)
        driver.feed(.event(.closed))
        #expect(driver.effects == [.ended(nil)])

        driver = try StreamDriver()
        try driver.open()
        driver.feed(.event(.closed))
        #expect(driver.effects.first == .sendEnd)
        #expect(driver.trouble == .serverRefused)
        driver.feed(.event(.closed))
        #expect(driver.effects.isEmpty)
    }

    @Test(
        "What is out of place ends the stream in every state",
        arguments: ["<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>", "<x xmlns='urn:x'/>", "<odd/>"])
    func outOfPlace(_ text: String) throws {
        var driver = try StreamDriver()
        driver.feed(.connected(isSecure: true, channel: .none))
        try driver.receive(text)
        #expect(driver.trouble == .protocolViolation)
        driver = try StreamDriver()
        driver.feed(.connected(isSecure: true, channel: .none))
        driver.header()
        try driver.receive(text)
        #expect(driver.trouble == .protocolViolation)
        driver = try StreamDriver()
        try driver.open()
        try driver.receive(text)
        #expect(driver.trouble == .protocolViolation)
    }

    @Test("Versions, and a server that binds nothing")
    func odd() throws {
        for version in [nil, "0.9", "2.0"] {
            var driver = try StreamDriver()
            driver.feed(.connected(isSecure: true, channel: .none))
            driver.header(["version": version])
            #expect(driver.trouble == .protocolViolation)
        }
        for answer in [
            "<iq type='result' id='bind'/>",
            "<iq type='result' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><jid>home</jid></bind></iq>",
            "<iq type='error' id='bind'><error type='cancel'><conflict xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></iq>",
        ] {
            var driver = try StreamDriver()
            try driver.authenticate()
            try driver.receive(StreamDriver.features)
            try driver.receive(answer)
            #expect(driver.isEnded)
        }
    }
}
