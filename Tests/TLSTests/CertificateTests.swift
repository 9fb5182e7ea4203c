import Foundation
import Testing

@testable import TLS

@Suite struct CertificateTests {
    let house = House.shared

    @Test func aCertificateIsRead() throws {
        let certificate = try house.ocf(House.cloudID).chain.leaf
        #expect(certificate.subject == "CN=uuid:\(House.cloudID)")
        #expect(certificate.issuer == "CN=Test Root")
        #expect(certificate.commonName == "uuid:\(House.cloudID)")
        #expect(certificate.ocfUUID == House.cloudID)
        #expect(certificate.notBefore == House.validity.from)
        #expect(certificate.notAfter == House.validity.to)
        #expect(certificate.extendedKeyUsage == [.server, .client, .ocfIdentity])
        #expect(!certificate.isAuthority)
        #expect(certificate.serial.count == 32)
        #expect(house.root.certificate.isAuthority)
        #expect(house.root.certificate.extendedKeyUsage == nil)
        let host = try house.server(names: ["a.example", "192.0.2.1", "2001:db8::1"]).chain.leaf
        #expect(host.alternativeNames == ["DNS:a.example", "IP:192.0.2.1", "IP:2001:db8::1"])
        #expect(host.ocfUUID == nil)
        // A comma inside of a name must not read as the beginning of another.
        let entity = try house.server(names: ["URI://sp.example/gw1/Clamp", "a,URI:/gw1"]).chain.leaf
        #expect(entity.alternativeNames == ["URI://sp.example/gw1/Clamp", "DNS:a?URI:/gw1"])
    }

    @Test func pemThereAndBack() throws {
        let chain = try CertificateChain([house.server().chain.leaf, house.root.certificate])
        let text = "Bag attributes\n" + chain.pem.replacingOccurrences(of: "\n", with: "\r\n") + "\ntrailing words\n"
        let read = try CertificateChain(pem: text)
        #expect(read == chain)
        #expect(try TrustAnchors(pem: text).certificates == chain.certificates)
        let key = try PrivateKey(pem: house.serverKey.pem())
        #expect(key.fits(chain.leaf))
        #expect(try key.der() == house.serverKey.der())
        #expect(key.bits == 256)
        #expect(key.isEllipticCurve)
    }

    @Test(arguments: [
        ("", TLSError.Code.malformedPEM, "no CERTIFICATE block"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n", .malformedPEM, "t.pem:1: the block CERTIFICATE has no END"),
        ("\n-----BEGIN CERTIFICATE-----\nM!IB\n-----END CERTIFICATE-----\n", .malformedPEM, "t.pem:2"),
        ("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n", .malformedCertificate, "t.pem:1"),
        ("-----BEGIN CERTIFICATE-----\n-----END X-----\n", .malformedPEM, "t.pem:2: found END X, expected END CERT"),
        ("-----BEGIN A-----\n-----BEGIN B-----\n", .malformedPEM, "t.pem:2: found a BEGIN inside the block of line 1"),
        ("-----END CERTIFICATE-----\n", .malformedPEM, "expected END of no block"),
    ])
    func badPEMIsNamedWithItsLine(text: String, code: TLSError.Code, words: String) {
        let error = #expect(throws: TLSError.self) { try CertificateChain(pem: text, origin: "t.pem") }
        #expect(error?.code == code)
        #expect(error?.reason.contains(words) == true, "\(error?.reason ?? "")")
    }

    @Test func missingFilesAreNamed() {
        let error = #expect(throws: TLSError(.unreadableFile, "")) { try TrustAnchors(file: "/nonexistent/ca.pem") }
        #expect(error?.reason == "/nonexistent/ca.pem: No such file or directory")
    }

    @Test func aKeyOfAnotherCertificateIsRefused() throws {
        let chain = try house.server().chain
        let error = #expect(throws: TLSError(.keyMismatch, "")) { try Identity(chain: chain, key: house.otherKey) }
        #expect(error?.certificate == "CN=the server")
        #expect(error?.reason.contains("CN=the server") == true)
    }

    @Test func configurationsAreChecked() throws {
        #expect(throws: TLSError(.invalidConfiguration, "")) {
            try TLSConfiguration.client(trust: TrustAnchors([]), peerName: .any)
        }
        #expect(throws: TLSError(.invalidConfiguration, "")) {
            try TLSConfiguration.client(trust: house.trust, peerName: .ocf(uuid: "not a uuid"))
        }
        #expect(throws: TLSError(.invalidConfiguration, "")) {
            try TLSConfiguration.client(trust: house.trust, peerName: .hostName(""))
        }
        #expect(throws: TLSError(.invalidConfiguration, "")) {
            try TLSConfiguration.client(trust: house.trust, peerName: .any, applicationProtocols: ["a\0b"])
        }
        #expect(throws: TLSError(.invalidConfiguration, "")) {
            try TLSConfiguration.server(identity: house.server(), clientCertificate: .optional)
        }
        #expect(throws: TLSError(.wrongUsage, "")) {
            try TLSConfiguration.server(identity: house.server(usage: [.client]))
        }
        #expect(throws: TLSError(.wrongUsage, "")) {
            try TLSConfiguration.client(trust: house.trust, peerName: .any, identity: house.server(usage: [.server]))
        }
    }

    @Test func requestsCarryTheirProof() throws {
        let request = try CertificateRequest(subject: "CN=uuid:\(House.deviceID)", key: house.clientKey)
        let read = try CertificateRequest(pem: request.pem)
        #expect(read.subject == "CN=uuid:\(House.deviceID)")
        #expect(read.publicKey == (try house.clientKey.publicKey()))
        // The last byte belongs to the signature.
        var forged = request.der
        forged[forged.count - 1] ^= 1
        #expect(throws: TLSError.self) { try CertificateRequest(der: forged) }
        #expect(throws: TLSError(.malformedRequest, "")) { try CertificateRequest(der: Array(request.der.dropLast(9))) }
        let issued = try house.root.issue(
            .ocfIdentity(uuid: House.deviceID, publicKey: read.publicKey, validity: House.validity))
        #expect(house.clientKey.fits(issued))
    }

    @Test func signatures() throws {
        let message = Array("open the gate".utf8)
        let publicKey = try house.clientKey.publicKey()
        let signature = try house.clientKey.signature(for: message)
        #expect(publicKey.isValid(signature: signature, for: message))
        #expect(!publicKey.isValid(signature: signature, for: message + [0]))
        #expect(!(try house.otherKey.publicKey()).isValid(signature: signature, for: message))
        let raw = try house.clientKey.rawSignature(for: message)
        #expect(raw.count == 64)
        #expect(publicKey.isValid(rawSignature: raw, for: message))
        for index in [0, 31, 32, 63] {
            var altered = raw
            altered[index] ^= 1
            #expect(!publicKey.isValid(rawSignature: altered, for: message))
        }
        #expect(!publicKey.isValid(rawSignature: [], for: message))
        #expect(!publicKey.isValid(rawSignature: [UInt8](repeating: 0, count: 64), for: message))
        #expect(try house.server().chain.leaf.publicKey() == house.serverKey.publicKey())
    }

    @Test func namesThatWouldBreakTheWriterAreRefused() throws {
        for name in ["", "a,O=b", "a\\b", String(repeating: "a", count: 65), "a\nb"] {
            #expect(throws: TLSError(.malformedRequest, "")) {
                try house.root.issue(
                    .init(commonName: name, publicKey: house.otherKey.publicKey(), validity: House.validity))
            }
        }
    }

    /// Against Foundation's calendar.
    @Test(
        arguments: [
            0, -1, 951_782_399, 951_782_400, 1_709_164_800, 4_102_444_799, 4_107_542_400, -2_208_988_800,
            253_402_300_799,
        ] as [Int64])
    func dates(seconds: Int64) {
        let expected = Date(timeIntervalSince1970: TimeInterval(seconds)).formatted(.iso8601)
        #expect(CertificateTime.text(seconds) == expected)
        let digits = expected.filter(\.isNumber)
        #expect(CertificateTime.compact(seconds) == digits)
    }
}
