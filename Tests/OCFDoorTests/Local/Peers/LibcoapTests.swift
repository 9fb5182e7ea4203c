import CBOR
import CoAP
import CoAPMessages
import Concentrator
import Foundation
import OCFModel
import OneLoop
import TLS
import Testing

@testable import OCFDoor

/// libcoap's clients, on OpenSSL and on GnuTLS, against an owned device (Debian package libcoap3-bin); aiocoap's in clear. They ask
/// for plain CBOR, for libcoap does not know the version of OCF's content format, a critical option.
@Loop
@Suite(.serialized, .enabled(if: Peers.hasLibcoap, "libcoap's clients are not installed (Debian package libcoap3-bin)"))
struct LibcoapTests {
    /// Sixteen octets that a command line can say: an id and a key.
    private nonisolated static let clientID = "libcoap-client-1"
    private nonisolated static let clientKey = "sixteen-octets-k"

    private func bytes(_ command: [String], to file: String) async throws -> (CBOR.Value?, String) {
        let (_, output) = try await Peers.result(command + ["-o", file])
        let data = (try? Data(contentsOf: URL(fileURLWithPath: file))).map { [UInt8]($0) } ?? []
        try? FileManager.default.removeItem(atPath: file)
        return (try? CBOR.decode(data), output)
    }

    @Test("by a key of /oic/sec/cred", .timeLimit(.minutes(1)), arguments: ["openssl", "gnutls"])
    func byKey(_ library: String) async throws {
        let house = try await LocalHouse()
        let tool = TestTool()
        let owner = try await house.secured(house.byKey(tool.id, try await tool.takeOver(house)))
        try house.add("ble/X", fields: [Field(name: "Temperature", value: .n("20"), unit: "°C")])
        let client = try #require(Identifier(octets: Array(Self.clientID.utf8)))
        _ = try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": 2]])
        let creds: CBOR.Value = [
            "creds": [
                [
                    "credtype": 1, "subjectuuid": .text(client.description),
                    "privatedata": [
                        "encoding": "oic.sec.encoding.raw", "data": .bytes(Array(Self.clientKey.utf8)),
                    ],
                ]
            ]
        ]
        #expect(try await owner.ask(.post, "/oic/sec/cred", creds).code == .created)
        let ace: CBOR.Value = [
            "aclist2": [
                [
                    "subject": ["uuid": .text(client.description)], "resources": [["href": "/ble/X/temperature"]],
                    "permission": 2,
                ]
            ]
        ]
        #expect(try await owner.ask(.post, "/oic/sec/acl2", ace).code == .created)
        _ = try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": 3]])
        try await Peers.withFolder { folder in
            func ask(_ path: String, key: String = Self.clientKey) async throws -> (CBOR.Value?, String) {
                try await bytes(
                    [
                        "coap-client-\(library)", "-A", "60", "-B", "5", "-u", Self.clientID, "-k", key,
                        "coaps://127.0.0.1:\(house.door.securePort ?? 0)\(path)",
                    ], to: "\(folder)/answer")
            }
            let (value, output) = try await ask("/ble/X/temperature")
            #expect(value?["temperature"]?.number == 20, "\(output)")
            #expect(try await ask("/ble/X").1.contains("4.01"))
            #expect(try await ask("/ble/X/temperature", key: "another-octets-k").0 == nil)
        }
        await house.close()
    }

    @Test("by an identity certificate", .timeLimit(.minutes(1)), arguments: ["openssl", "gnutls"])
    func byCertificate(_ library: String) async throws {
        let house = try await LocalHouse()
        let tool = TestTool()
        let owner = try await house.secured(house.byKey(tool.id, try await tool.takeOver(house)))
        try house.add("ble/X", fields: [Field(name: "Temperature", value: .n("20"), unit: "°C")])
        let authority = try TestAuthority("Home")
        let client = Identifier.random()
        _ = try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": 2]])
        let leaf = try authority.leaf("uuid:\(house.security.state.deviceID)", try #require(house.security.publicKey))
        let creds: CBOR.Value = [
            "creds": [
                [
                    "credtype": 8, "credusage": "oic.sec.cred.trustca", "subjectuuid": "*",
                    "publicdata": ["encoding": "oic.sec.encoding.pem", "data": .text(authority.root.certificate.pem)],
                ],
                [
                    "credtype": 8, "credusage": "oic.sec.cred.cert",
                    "subjectuuid": .text(house.security.state.deviceID.description),
                    "publicdata": ["encoding": "oic.sec.encoding.pem", "data": .text(leaf.pem)],
                ],
            ]
        ]
        #expect(try await owner.ask(.post, "/oic/sec/cred", creds).code == .created)
        let ace: CBOR.Value = [
            "aclist2": [
                ["subject": ["conntype": "auth-crypt"], "resources": [["wc": "+"]], "permission": 2]
            ]
        ]
        #expect(try await owner.ask(.post, "/oic/sec/acl2", ace).code == .created)
        _ = try await owner.ask(.post, "/oic/sec/pstat", ["dos": ["s": 3]])
        try await Peers.withFolder { folder in
            let identity = try authority.identity("uuid:\(client)")
            try Peers.write(identity.chain.pem, to: "\(folder)/client.pem")
            try Peers.write(try identity.key.pem(), to: "\(folder)/client.key")
            try Peers.write(authority.root.certificate.pem, to: "\(folder)/root.pem")
            func ask(_ path: String) async throws -> (CBOR.Value?, String) {
                try await bytes(
                    [
                        "coap-client-\(library)", "-A", "60", "-B", "5", "-c", "\(folder)/client.pem", "-j",
                        "\(folder)/client.key", "-C", "\(folder)/root.pem",
                        "coaps://127.0.0.1:\(house.door.securePort ?? 0)\(path)",
                    ], to: "\(folder)/answer")
            }
            let (value, output) = try await ask("/ble/X/temperature")
            #expect(value?["temperature"]?.number == 20, "\(output)")
            #expect(try await ask("/oic/sec/acl2").1.contains("4.01"))
        }
        await house.close()
    }

    @Test("aiocoap discovers the device", .timeLimit(.minutes(1)), .enabled(if: Peers.hasPython))
    func aiocoap() async throws {
        let house = try await LocalHouse()
        let client = [Peers.python, "-m", "aiocoap.cli.client"]
        let core = try await Peers.result(client + ["coap://127.0.0.1:\(house.door.port ?? 0)/.well-known/core"])
        #expect(core.output.contains("oic.wk.res"), "\(core.output)")
        let links = try await Peers.result(client + ["coap://127.0.0.1:\(house.door.port ?? 0)/oic/res?rt=oic.r.doxm"])
        #expect(links.output.contains("/oic/sec/doxm"), "\(links.output)")
        await house.close()
    }
}
