import Foundation
import NIOCore
import Testing

@testable import TLS

/// Certificates that an authority of ours would not make, made by OpenSSL, shown in a handshake by either side.
@Suite(.enabled(if: OpenSSL.isThere, "openssl is not installed"))
struct DTLSCertificateTests {
    let house = House.shared

    /// What a chain of three says, as extensions of OpenSSL's configuration, and what becomes of it.
    struct Case: Sendable, CustomTestStringConvertible {
        let testDescription: String
        var root = "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,keyCertSign,cRLSign"
        var middle = "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign,cRLSign"
        var leaf = "keyUsage=critical,digitalSignature\n" + Case.usage
        /// Why it is refused; nil for a good one.
        let code: TLSError.Code?
        /// Whether the library itself would show it as a server: not one that it could not use.
        var isShownByServers = true

        static let usage = "extendedKeyUsage=serverAuth,clientAuth,1.3.6.1.4.1.44924.1.6"
    }

    static let cases: [Case] = [
        Case(testDescription: "good", code: nil),
        Case(
            testDescription: "a root that allows no intermediate",
            root: "basicConstraints=critical,CA:TRUE,pathlen:0\nkeyUsage=critical,keyCertSign",
            code: .unknownIssuer),
        Case(
            testDescription: "an intermediate that is no authority", middle: "basicConstraints=critical,CA:FALSE",
            code: .unknownIssuer),
        Case(
            testDescription: "an intermediate without basic constraints", middle: "keyUsage=keyCertSign",
            code: .unknownIssuer),
        Case(
            testDescription: "an intermediate that may not sign certificates",
            middle: "basicConstraints=critical,CA:TRUE\nkeyUsage=critical,digitalSignature", code: .unknownIssuer),
        Case(
            testDescription: "a leaf that may not sign", leaf: "keyUsage=critical,keyAgreement\n" + Case.usage,
            code: .wrongUsage, isShownByServers: false),
        Case(
            testDescription: "a leaf for signing code alone",
            leaf: "keyUsage=digitalSignature\nextendedKeyUsage=codeSigning,1.3.6.1.4.1.44924.1.6",
            code: .wrongUsage, isShownByServers: false),
        Case(
            testDescription: "a leaf that is no identity of OCF",
            leaf: "keyUsage=digitalSignature\nextendedKeyUsage=serverAuth,clientAuth", code: .notAnIdentity),
    ]

    @Test(arguments: cases) func shown(_ test: Case) async throws {
        let openSSL = try OpenSSL()
        let (chain, key, root) = try await make(test, openSSL)
        // Not checked by ourselves before it is shown.
        let identity = Identity(unchecked: chain, key: key)
        let trust = TrustAnchors([root])
        let honest = try house.device()
        for isServers in [true, false] where !isServers || test.isShownByServers {
            let server = try DTLSConfiguration.server(
                identity: isServers ? identity : house.ocf(House.cloudID), clientCertificate: .required,
                trust: isServers ? house.trust : trust, peerName: .ocf(uuid: nil))
            let client = try DTLSConfiguration.client(
                trust: isServers ? trust : house.trust, peerName: .ocf(uuid: nil),
                identity: isServers ? honest : identity)
            let network = Network(server)
            let session = try network.connect(client)
            network.run(.seconds(5))
            let judge = isServers ? try network.atClient() : try network.atServer()
            let other = isServers ? try network.atServer() : try network.atClient()
            guard let code = test.code else {
                #expect(session.state == .open && judge.errors.isEmpty)
                continue
            }
            #expect(judge.completed.isEmpty)
            #expect(judge.errors == [TLSError(code, "")], "shown by the \(isServers ? "server" : "client")")
            #expect(other.errors == [TLSError(.peerAlert, "")])
            #expect(network.server.openCount == 0)
        }
    }

    private func make(_ test: Case, _ openSSL: OpenSSL) async throws -> (CertificateChain, PrivateKey, Certificate) {
        for (name, subject, extensions) in [
            ("root", "/CN=Odd Root", test.root), ("middle", "/CN=Odd Middle", test.middle),
            ("leaf", "/CN=uuid:\(House.deviceID)", test.leaf),
        ] {
            try await openSSL.run(
                "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", openSSL.path("\(name).key"))
            try await openSSL.run(
                "req", "-new", "-sha256", "-key", openSSL.path("\(name).key"), "-subj", subject, "-out",
                openSSL.path("\(name).csr"))
            let configuration = try openSSL.file(
                "\(name).cnf", extensions + "\nsubjectKeyIdentifier=hash\nauthorityKeyIdentifier=keyid")
            let signer =
                name == "root"
                ? ["-signkey", openSSL.path("root.key")]
                : {
                    let issuer = name == "middle" ? "root" : "middle"
                    return [
                        "-CA", openSSL.path("\(issuer).pem"), "-CAkey", openSSL.path("\(issuer).key"),
                        "-CAcreateserial",
                    ]
                }()
            try await openSSL.run(
                ["x509", "-req", "-sha256", "-in", openSSL.path("\(name).csr"), "-extfile", configuration]
                    + ["-days", "30", "-out", openSSL.path("\(name).pem")] + signer)
        }
        func text(_ name: String) throws -> String { try String(contentsOfFile: openSSL.path(name), encoding: .utf8) }
        return (
            try CertificateChain(pem: text("leaf.pem") + text("middle.pem")), try PrivateKey(pem: text("leaf.key")),
            try Certificate(pem: text("root.pem"))
        )
    }
}

extension Certificate {
    fileprivate init(pem: String) throws {
        self = try CertificateChain(pem: pem).leaf
    }
}
