import Foundation
import TLS
import Testing

@testable import XMPP

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

    @Test("PLAIN, where it is allowed by name: the server is told the password, over TLS alone")
    func plain() throws {
        let offer =
            "<stream:features><mechanisms \(StreamDriver.sasl)><mechanism>PLAIN</mechanism></mechanisms></stream:features>"
        for isSecure in [true, false] {
            var driver = try StreamDriver { $0.credentials.allowsPlain = true }
            driver.feed(.connected(isSecure: isSecure, channel: .none))
            driver.header()
            try driver.receive(offer)
            guard isSecure else {
                #expect(driver.trouble == .notEncrypted)
                continue
            }
            guard case .send(let auth)? = driver.effects.first else { return #expect(Bool(false)) }
            #expect(auth["mechanism"] == "PLAIN")
            #expect(Base64.decode(auth.text.utf8) == Array("\u{0}gateway\u{0}pencil".utf8))
            try driver.receive("<success \(StreamDriver.sasl)/>")
            #expect(driver.machine.state == .opening(.authenticated))
        }
        var driver = try StreamDriver { $0.credentials = .password([1, 0, 2], allowsPlain: true) }
        driver.feed(.connected(isSecure: true, channel: .none))
        driver.header()
        try driver.receive(offer)
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
