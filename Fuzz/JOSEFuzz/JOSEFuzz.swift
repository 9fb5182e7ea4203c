import JOSE
import JSONText

/// What libFuzzer calls: objects and keys of anything, and good objects with bytes of theirs changed. Nothing may trap, and
/// nothing that was changed may pass for what it was.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let mode = input.first, let house else { return 0 }
    let rest = Array(input.dropFirst())
    switch mode % 6 {
    case 0: open(rest)
    case 1: open(Array(Base64URL.encode(rest.prefix { $0 != 0 }).utf8) + rest.drop { $0 != 0 }.map { $0 | 0x20 })
    case 2: readKey(rest)
    case 3:
        if let bytes = Base64URL.decode(rest) {
            precondition(Array(Base64URL.encode(bytes).utf8) == rest, "two texts of one meaning")
        }
    case 4: alter(house.signed, rest)
    default: alter(house.encrypted, rest)
    }
    return 0
}

private struct House {
    let verifiers: [VerificationKey]
    let holders: [DecryptionKey]
    let signed: [UInt8]
    let encrypted: [UInt8]
    static let content = Array(#"{"jti":"t1@gw1.example.com"}"#.utf8)

    init() throws {
        let secret = JSONWebKey(.secret(Array(0..<32)))
        let elliptic = JSONWebKey(.ellipticPrivate(try .generate()))
        verifiers = try [
            VerificationKey(secret, algorithm: .hs256), VerificationKey(elliptic, algorithm: .es256),
        ]
        holders = try [
            DecryptionKey(secret, algorithm: .direct), DecryptionKey(secret, algorithm: .a256KW),
            DecryptionKey(elliptic, algorithm: .agreementA256KW),
        ]
        signed = try Array(JWS.sign(Self.content, with: SigningKey(elliptic, algorithm: .es256)).utf8)
        encrypted = try Array(JWE.encrypt(Self.content, to: EncryptionKey(elliptic, algorithm: .agreementA256KW)).utf8)
    }

    /// The content, when the object is good.
    func content(of bytes: [UInt8]) -> [UInt8]? {
        switch try? CompactObject(parsing: bytes) {
        case .jws(let object)?: try? object.payload(verifiedBy: verifiers)
        case .jwe(let object)?: try? object.decrypt(with: holders).plaintext
        case nil: nil
        }
    }
}

nonisolated(unsafe) private let house = try? House()

private func open(_ bytes: [UInt8]) {
    precondition(house?.content(of: bytes) == nil, "an object of nobody's is good")
}

private func readKey(_ bytes: [UInt8]) {
    guard let key = try? JSONWebKey(parsing: String(decoding: bytes, as: UTF8.self)) else { return }
    _ = key.thumbprint
    guard let again = try? JSONWebKey(key.json) else { preconditionFailure("a key does not read back") }
    precondition(again.thumbprint == key.thumbprint, "a key changed")
    _ = SignatureAlgorithm.allCases.map { try? VerificationKey(key, algorithm: $0) }
    _ = KeyManagement.allCases.map { try? EncryptionKey(key, algorithm: $0) }
}

/// Three bytes of the input for each change: where, and what.
private func alter(_ good: [UInt8], _ script: [UInt8]) {
    var bytes = good
    for index in stride(from: 0, to: script.count - 2, by: 3) where !bytes.isEmpty {
        let place = (Int(script[index]) << 8 | Int(script[index + 1])) % bytes.count
        switch script[index] >> 6 {
        case 1: bytes.insert(script[index + 2], at: place)
        case 2: bytes.remove(at: place)
        default: bytes[place] = script[index + 2]
        }
    }
    guard bytes != good else { return }
    precondition(house?.content(of: bytes) == nil, "what was altered is good")
}
