import OCFModel
import TLS

/// What libFuzzer calls: certificates, requests and keys of anything, and real ones with bytes of theirs changed, in DER and
/// in PEM. Nothing may trap; a certificate is kept as it came; one whose signed bytes were changed does not pass for signed.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let mode = input.first, let house else { return 0 }
    let rest = Array(input.dropFirst())
    switch mode % 8 {
    case 0: read(rest)
    case 1: read(pem: rest)
    case 2: readRequest(rest)
    case 3: _ = try? PrivateKey(der: rest)
    case 4: readRequest(edited(house.request, rest))
    case 5: _ = try? PrivateKey(pem: String(decoding: edited(house.key, rest), as: UTF8.self))
    case 6:
        let der = edited(house.leaf.der, rest)
        read(der)
        if der != house.leaf.der { checkSignature(der) }
    default: read(edited(house.root.der, rest))
    }
    return 0
}

private struct House {
    let root: Certificate
    let leaf: Certificate
    let request: [UInt8]
    /// PEM.
    let key: [UInt8]

    init() throws {
        let issuer = try CertificateIssuer.root(commonName: "Root", key: .generateP256(), validity: .days(30))
        let key = try PrivateKey.generateP256()
        root = issuer.certificate
        leaf = try issuer.issue(
            .ocfIdentity(
                uuid: "42691fcb-3048-4e8b-50b2-340cf6c23bad", publicKey: key.publicKey(), validity: .days(30)))
        request = try CertificateRequest(subject: "CN=uuid:42691fcb-3048-4e8b-50b2-340cf6c23bad", key: key).der
        self.key = try Array(key.pem().utf8)
    }
}

nonisolated(unsafe) private let house = try? House()

/// The bytes with three of the input for each change: where, and what.
private func edited(_ bytes: [UInt8], _ script: [UInt8]) -> [UInt8] {
    var bytes = bytes
    for index in stride(from: 0, to: script.count - 2, by: 3) where !bytes.isEmpty {
        let place = (Int(script[index]) << 8 | Int(script[index + 1])) % bytes.count
        switch script[index] >> 6 {
        case 1: bytes.insert(script[index + 2], at: place)
        case 2: bytes.remove(at: place)
        default: bytes[place] = script[index + 2]
        }
    }
    return bytes
}

private func read(_ der: [UInt8]) {
    guard let certificate = try? Certificate(der: der) else { return }
    precondition(certificate.der == der, "a certificate is not kept as it came")
    _ = (certificate.label, certificate.ocfUUID, certificate.pem, certificate.fingerprint)
    _ = try? certificate.publicKey()
    _ = try? CertificateChain([certificate])
    guard let facts = CertificateFacts(certificate) else { return }
    _ = try? CertificateRules.identity(facts, at: 1_817_121_600)
    _ = try? CertificateRules.manufacturer(facts, at: nil)
    read(pem: Array(certificate.pem.utf8))
}

private func read(pem: [UInt8]) {
    let text = String(decoding: pem, as: UTF8.self)
    _ = try? CertificateRules.read(pem: text)
    _ = try? TrustAnchors(pem: text)
    _ = try? CertificateRequest(pem: text)
    _ = try? PrivateKey(pem: text)
}

private func readRequest(_ der: [UInt8]) {
    guard let request = try? CertificateRequest(der: der) else { return }
    precondition(request.der == der, "a request is not kept as it came")
    _ = request.pem
}

/// A leaf of which something was changed is the root's no more, unless only what nobody signed was changed.
private func checkSignature(_ der: [UInt8]) {
    guard let house, let certificate = try? Certificate(der: der), let facts = CertificateFacts(certificate),
        let original = CertificateFacts(house.leaf), let root = CertificateFacts(house.root)
    else { return }
    guard facts.signedBytes != original.signedBytes else { return }
    precondition(
        !root.publicKey.isValid(signature: facts.signature, for: facts.signedBytes), "an altered certificate is signed")
}
