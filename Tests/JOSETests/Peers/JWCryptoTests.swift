import Foundation
import JOSE
import JSONText
import Testing

/// jwcrypto as a process that answers line by line.
private final class JWCrypto {
    static let python = ProcessInfo.processInfo.environment["GATEHOUSE_PYTHON"] ?? "python3"
    static let isHere: Bool = {
        if ProcessInfo.processInfo.environment["GATEHOUSE_PEERS"] == "required" { return true }
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [python, "-c", "import jwcrypto"]
        process.standardError = FileHandle.nullDevice
        try? process.run()
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()

    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var pending = Data()

    init() throws {
        process.executableURL = URL(filePath: "/usr/bin/env")
        let script = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "jose_peer.py")
        process.arguments = [Self.python, script.path]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    func ask(_ request: JSON) throws -> JSON {
        input.fileHandleForWriting.write(Data((request.serialized() + "\n").utf8))
        while true {
            if let end = pending.firstIndex(of: UInt8(ascii: "\n")) {
                let line = Array(pending[..<end])
                pending = Data(pending[(end + 1)...])
                return try JSON.parse(line)
            }
            let data = output.fileHandleForReading.availableData
            try #require(!data.isEmpty, "jwcrypto ended")
            pending += data
        }
    }
}

@Suite(
    "With jwcrypto, in both directions",
    .enabled(if: JWCrypto.isHere, "no Python with jwcrypto: set GATEHOUSE_PYTHON to one"))
struct JWCryptoTests {
    private static let text = #"{"jti":"t1@gw1.example.com","tknm":"ä€😀"}"#

    private func fullJSON(_ key: JSONWebKey) -> JSON { key.json }

    @Test("Signatures")
    func signatures() throws {
        let peer = try JWCrypto()
        for algorithm in SignatureAlgorithm.allCases where algorithm != .rs256 {
            let key = try ObjectTests.key(for: algorithm)
            let name = JSON.string(algorithm.rawValue)
            let ours = try JWS.sign(Array(Self.text.utf8), with: SigningKey(key, algorithm: algorithm))
            let read = try peer.ask([
                "op": "verify", "key": (key.publicKey ?? key).json, "alg": name, "compact": .string(ours),
            ])
            #expect(read["payload"]?.string == Self.text, "\(read)")
            #expect(read["header"]?["typ"]?.string == "JWT")
            let theirs = try peer.ask(["op": "sign", "key": key.json, "alg": name, "payload": .string(Self.text)])
            let object = try JWS(parsing: try #require(theirs["compact"]?.string))
            #expect(
                try object.payload(verifiedBy: [VerificationKey(key, algorithm: algorithm)]) == Array(Self.text.utf8))
        }
    }

    @Test("Encryption")
    func encryption() throws {
        let peer = try JWCrypto()
        let secret = JSONWebKey(.secret(Array(0..<32)))
        let elliptic = JSONWebKey(.ellipticPrivate(try .generate()))
        for (management, key) in [(KeyManagement.direct, secret), (.a256KW, secret), (.agreementA256KW, elliptic)] {
            let name = JSON.string(management.rawValue)
            let ours = try JWE.encrypt(
                Array(Self.text.utf8), to: EncryptionKey(key.publicKey ?? key, algorithm: management))
            let read = try peer.ask([
                "op": "decrypt", "key": key.json, "alg": name, "enc": "A256GCM", "compact": .string(ours),
            ])
            #expect(read["payload"]?.string == Self.text, "\(read)")
            let theirs = try peer.ask([
                "op": "encrypt", "key": (key.publicKey ?? key).json, "alg": name, "enc": "A256GCM",
                "payload": .string(Self.text),
            ])
            let object = try JWE(parsing: try #require(theirs["compact"]?.string))
            #expect(
                try object.decrypt(with: [DecryptionKey(key, algorithm: management)]).plaintext
                    == Array(Self.text.utf8))
        }
    }

    @Test("Signed, then encrypted")
    func nested() throws {
        let peer = try JWCrypto()
        let issuer = JSONWebKey(.ellipticPrivate(try .generate()), id: "issuer")
        let host = JSONWebKey(.ellipticPrivate(try .generate()))
        let theirs = try peer.ask([
            "op": "nest", "signer": issuer.json, "alg": "ES256", "key": try #require(host.publicKey).json,
            "wrap": "ECDH-ES+A256KW", "enc": "A256GCM", "payload": .string(Self.text),
        ])
        let outer = try JWE(parsing: try #require(theirs["compact"]?.string))
        #expect(outer.header.contentType == "JWT")
        let plain = try outer.decrypt(with: [DecryptionKey(host, algorithm: .agreementA256KW)]).plaintext
        let inner = try JWS(parsing: String(decoding: plain, as: UTF8.self))
        #expect(try inner.payload(verifiedBy: [VerificationKey(issuer, algorithm: .es256)]) == Array(Self.text.utf8))
    }
}
