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
