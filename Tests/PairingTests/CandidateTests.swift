import Testing

@testable import Pairing

@Suite struct CandidateTests {
    @Test func titlesAreSafeToPrint() {
        #expect(Candidate(kind: .ocfOwner, identifier: "x", title: "a\u{1B}[31mb\nc\u{202E}d").title == "a[31mbcd")
        #expect(Candidate(kind: .ocfOwner, identifier: "x", title: "\u{7}").title == "x")
        let long = Candidate(kind: .ocfOwner, identifier: "x", title: String(repeating: "ä", count: 100)).title
        #expect(long.utf8.count == 120)
    }

    @Test(arguments: [
        ("", false), ("a", true), (String(repeating: "a", count: 200), true),
        (String(repeating: "a", count: 201), false),
        ("a\nb", false), ("xmpp.example/with/slashes", true),
    ])
    func identifiers(_ identifier: String, _ valid: Bool) {
        #expect(Candidate(kind: .xmppServer, identifier: identifier).isValid == valid)
    }

    @Test func identityIsKindAndIdentifier() {
        let one = Candidate(kind: .ocfOwner, identifier: "x", title: "a")
        #expect(one == Candidate(kind: .ocfOwner, identifier: "x", title: "b"))
        #expect(one != Candidate(kind: .ocfCloud, identifier: "x", title: "a"))
    }

    @Test(arguments: Candidate.Kind.allCases) func recordsRoundTrip(_ kind: Candidate.Kind) throws {
        let record = TrustRecord(
            candidate: Candidate(kind: kind, identifier: "a/b ü", title: "Größe"), when: -1_234_567_890_123)
        let read = try #require(TrustRecord(key: record.key, value: record.value))
        #expect(read == record)
        #expect(read.candidate.title == "Größe")
    }

    @Test(
        arguments: [
            ("trust/record/ocf-cloud/x", [2, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("trust/record/ocf-cloud/x", [1, 0, 0, 0, 0, 0, 0, 0]),
            ("trust/record/ocf-cloud/x", []),
            ("trust/record/ocf-cloud/x", [1, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF]),
            ("trust/record/ocf-cloud/", [1, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("trust/record/nobody/x", [1, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("trust/record/x", [1, 0, 0, 0, 0, 0, 0, 0, 0]),
        ] as [(String, [UInt8])])
    func damagedRecordsAreNoTrust(_ key: String, _ value: [UInt8]) {
        #expect(TrustRecord(key: key, value: value) == nil)
    }

    @Test(
        arguments: [
            { $0.window = .seconds(254) }, { $0.resetAfter = .seconds(6) }, { $0.knockBurst = 1 },
        ] as [@Sendable (inout PairingConfiguration) -> Void])
    func configurationsThatWork(_ change: @Sendable (inout PairingConfiguration) -> Void) throws {
        var configuration = PairingConfiguration()
        change(&configuration)
        try configuration.validate()
    }

    @Test(
        arguments: [
            { $0.window = .seconds(255) }, { $0.window = .zero }, { $0.warnAfter = .zero },
            { $0.resetAfter = .milliseconds(5999) }, { $0.knockBurst = 0 }, { $0.knockRefill = .zero },
        ] as [@Sendable (inout PairingConfiguration) -> Void])
    func configurationsThatDoNot(_ change: @Sendable (inout PairingConfiguration) -> Void) {
        var configuration = PairingConfiguration()
        change(&configuration)
        #expect { try configuration.validate() } throws: { ($0 as? PairingError)?.code == .invalidConfiguration }
    }
}
