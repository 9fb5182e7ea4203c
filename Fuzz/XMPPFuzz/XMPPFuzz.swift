import TLS
import XMPP

/// What libFuzzer calls. The first byte says what the rest is: a stream as it comes off the wire, or a server's part of an
/// authentication.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let kind = bytes.first else { return 0 }
    let rest = Array(bytes.dropFirst())
    switch kind % 4 {
    case 0: fuzzStream(rest, header: true, pieces: Int(kind) / 4 + 1)
    case 1: fuzzStream(rest, header: false, pieces: Int(kind) / 4 + 1)
    case 2: fuzzScram(rest)
    default: fuzzAddress(rest)
    }
    return 0
}

private let header = Array(
    "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>".utf8)

/// A stream gives the same however it is cut, and what it gives is written and read as the same.
private func fuzzStream(_ bytes: [UInt8], header hasHeader: Bool, pieces: Int) {
    let input = hasHeader ? header + bytes : bytes
    let whole = XMLStreamReader().read(input)
    let reader = XMLStreamReader()
    var events: [XMLStreamReader.Event] = []
    var fault: XMLFault?
    for start in stride(from: 0, to: input.count, by: pieces) where fault == nil {
        let part = reader.read(Array(input[start..<min(start + pieces, input.count)]))
        events += part.events
        fault = part.fault
    }
    precondition(events == whole.events, "a stream means something else when it comes in pieces")
    precondition((fault == nil) == (whole.fault == nil), "a fault depends on how a stream is cut")
    reader.reset()
    for case .element(let element) in whole.events { use(element) }
}

private func use(_ element: XMLElement) {
    let again = XMLStreamReader().read(header + element.bytes())
    precondition(again.fault == nil, "what was written cannot be read: \(element)")
    precondition(again.events.last == .element(element), "an element is not read as it was written: \(element)")
    if let stanza = try? Stanza(element) {
        let other = try? Stanza(stanza.element)
        precondition(other == stanza, "a stanza is not read as it was written")
    }
    for child in element.children {
        if let form = DataForm(child) {
            precondition(DataForm(form.element) == form, "a form is not read as it was written")
        }
        if let info = DiscoInfo(child) { _ = Capabilities(node: "n", of: info) }
        _ = (DiscoItems(child), Capabilities(child), StanzaError(child), StreamError(child))
    }
}

/// Whatever a server says, it is refused or answered; and no guess is taken for its signature.
private func fuzzScram(_ bytes: [UInt8]) {
    guard var client = try? ScramClient(hash: .sha256, user: "user", binding: .notOffered, nonce: "n") else { return }
    guard let end = bytes.firstIndex(of: 0) else {
        _ = try? client.take(serverFirst: bytes)
        return
    }
    guard (try? client.take(serverFirst: Array(bytes[..<end]))) != nil else { return }
    // Salting is no part of this: a fixed result in its place.
    _ = client.final(saltedPassword: [UInt8](repeating: 7, count: 32))
    let isTaken = (try? client.check(serverFinal: Array(bytes[(end + 1)...]))) != nil
    precondition(!isTaken, "a guess was taken for the server's signature")
}

/// An address that is taken is written and read as itself.
private func fuzzAddress(_ bytes: [UInt8]) {
    guard let jid = JID(String(decoding: bytes, as: UTF8.self)) else { return }
    precondition(JID(jid.description) == jid, "an address is not read as it was written: \(jid)")
    precondition(jid.description.utf8.count <= 3 * JID.maximumPartLength + 2, "an address is too long")
    precondition(jid.bare.isBare && JID(jid.bare.description) == jid.bare, "a bare address is none")
}
