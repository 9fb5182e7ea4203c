import Foundation
import OCFModel
import PrivateFiles
import Testing
import X509

@testable import OCFCloud

@Suite struct CertificateTests {
    /// Runs openssl, the judge of what others will make of our certificates.
    func openssl(_ arguments: String...) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/openssl")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }

    @Test func theStoreHoldsAChainThatOpenSSLAccepts() throws {
        let scratch = try Scratch()
        let store = CertificateStore(state: scratch.path)
        let id = Identifier.random()
        try store.create(id: id, hostNames: ["cloud.example"])
        #expect(try store.cloudID() == id)
        let verify = try openssl("verify", "-x509_strict", "-CAfile", store.authorityPath, store.cloudPath)
        #expect(verify.status == 0, "\(verify.output)")
        let text = try openssl("x509", "-in", store.cloudPath, "-noout", "-text").output
        #expect(text.contains("Subject: CN = uuid:\(id)"))
        #expect(text.contains("1.3.6.1.4.1.44924.1.6"))
        #expect(text.contains("TLS Web Server Authentication, TLS Web Client Authentication"))
        #expect(text.contains("Digital Signature, Key Agreement\n"))
        #expect(text.contains("prime256v1"))
        #expect(text.contains("DNS:cloud.example"))
        for path in [store.authorityKeyPath, store.cloudKeyPath] {
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
        #expect(throws: CloudError.self) { try store.create(id: id, hostNames: []) }
    }

    @Test func renewingKeepsIdentityAndTrust() throws {
        let scratch = try Scratch()
        let store = CertificateStore(state: scratch.path)
        let id = Identifier.random()
        try store.create(id: id, hostNames: [])
        let before = try PrivateFile.read(store.cloudPath)
        try store.renewCloud(hostNames: [])
        #expect(try PrivateFile.read(store.cloudPath) != before)
        #expect(try store.cloudID() == id)
        #expect(try openssl("verify", "-CAfile", store.authorityPath, store.cloudPath).status == 0)
    }

    @Test func aDeviceKeepsItsKeyWhenItsRequestIsSigned() throws {
        let scratch = try Scratch()
        let authority = try CertificateAuthority(creating: "root")
        let id = Identifier.random()
        func request(_ subject: String, curve: String) throws -> String {
            let key = scratch.path + "/key.pem", path = scratch.path + "/request.pem"
            #expect(try openssl("ecparam", "-name", curve, "-genkey", "-noout", "-out", key).status == 0)
            #expect(try openssl("req", "-new", "-key", key, "-subj", subject, "-out", path).status == 0)
            return try PrivateFile.read(path)
        }
        let signed = try authority.sign(request: request("/CN=uuid:\(id)", curve: "prime256v1"))
        #expect(signed.id == id)
        #expect(signed.issued.key == nil)
        try PrivateFile.write(try authority.certificatePEM(), to: scratch.path + "/ca.pem")
        try PrivateFile.write(signed.issued.certificate, to: scratch.path + "/device.pem")
        #expect(try openssl("verify", "-CAfile", scratch.path + "/ca.pem", scratch.path + "/device.pem").status == 0)
        for (subject, curve) in [("/CN=gateway", "prime256v1"), ("/CN=uuid:\(id)", "secp384r1")] {
            let pem = try request(subject, curve: curve)
            #expect(throws: CloudError.self) { _ = try authority.sign(request: pem) }
        }
        #expect(throws: CloudError.self) { _ = try authority.sign(request: "nothing") }
    }

    @Test func keysOfAnotherAuthorityAreRefused() throws {
        let one = try CertificateAuthority(creating: "one")
        let two = try CertificateAuthority(creating: "two")
        #expect(throws: CloudError.self) {
            _ = try CertificateAuthority(certificate: one.certificatePEM(), key: two.keyPEM)
        }
    }

    @Test func noLeafOutlivesTheRoot() throws {
        let authority = try CertificateAuthority(creating: "root", now: Date().addingTimeInterval(-19 * 365 * 86_400))
        let issued = try authority.issueIdentity(.random())
        let inspected = try CertificateAuthority.inspect(certificate: issued.certificate)
        #expect(inspected.notValidAfter == authority.certificate.notValidAfter)
    }
}
