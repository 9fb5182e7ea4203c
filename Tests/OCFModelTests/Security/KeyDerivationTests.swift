import OCFModel
import Testing

/// Vectors recorded from owner transfers between IoTivity-Lite's tool and server.
@Suite struct KeyDerivationTests {
    struct Vector: Sendable {
        let method: OwnerTransferMethod
        let owner: String
        let device: String
        let master: String
        let client: String
        let server: String
        let suite: UInt16
        let keyBlock: String
        let ownerKey: String
    }

    static let vectors = [
        Vector(
            method: .justWorks, owner: "cdc07d9e-bb72-44f1-4429-92b30b023235",
            device: "0fad7da9-324c-4371-4aea-5fe504472840",
            master: "02c34f8871e14b27e6c8f6ede76581db716a60ad32f69af115f3a63fea5fdea1"
                + "7344907057f691dc42acd458ab6c538d",
            client: "6b013cc332476fef59088438e5c00970ea25e8bcb5466be0dd3564daa64ec27c",
            server: "6b013cc304f630005bc8a178038c8758a01f0e15bc9b086a82a7eca324c85bc3", suite: 0xFF00,
            keyBlock: "d09c93471f8d885961317f95e6533f84644fbb774f5ae1a8c462518163091c62"
                + "ce17c3a6ce26f8e16c263eb1ac9c2388fef7883e1d954bfd049e9e4f61b9d67e"
                + "1333b51671bd857cd38bf2dcc5f1e7434b4bbb60e5e0f4f7f7b309ac911c6f32",
            ownerKey: "49c94c33a268afc5ba0283fa8180f4c9"),
        Vector(
            method: .manufacturerCertificate, owner: "66dfb022-2b57-43e9-43b9-7a9859378998",
            device: "42691fcb-3048-4e8b-50b2-340cf6c23bad",
            master: "98273d6597847505f6b1b0d11156e6e44c0c66d6615ee2d9d27984849bdd04b5"
                + "5de89ccd2b5143cbf1459dc9122c46ec",
            client: "6b013cc8f058fd89c928d8821aa56525b46dbfcb94e61dd3a975067d2f17478f",
            server: "6b013cc84c372d6b2cdffa4f30a5f9d4d2bf3a71d6dbe2a0c74acad89c7dc3e6", suite: 0xC0AE,
            keyBlock: "a4199fb71f3e80f4e69b2f7652a9f4b1d31d71ae7e85574bcb30a063ef784094a52843db3b6aaa57",
            ownerKey: "44cf06a311a8df4fc4148a172167fef4"),
    ]

    @Test("the owner's key", arguments: vectors.indices)
    func ownerKey(_ index: Int) throws {
        let vector = Self.vectors[index]
        let secrets = try #require(
            SessionSecrets(
                masterSecret: SecurityHouse.octets(vector.master), clientRandom: SecurityHouse.octets(vector.client),
                serverRandom: SecurityHouse.octets(vector.server), suite: vector.suite))
        #expect(secrets.keyBlock == SecurityHouse.octets(vector.keyBlock))
        let owner = SecurityHouse.id(vector.owner)
        let device = SecurityHouse.id(vector.device)
        let key = KeyDerivation.ownerKey(secrets, method: vector.method, owner: owner, deviceID: device)
        #expect(key == SecurityHouse.octets(vector.ownerKey))
        #expect(KeyDerivation.ownerKey(secrets, method: vector.method, owner: device, deviceID: owner) != key)
        #expect(KeyDerivation.ownerKey(secrets, method: .unselected, owner: owner, deviceID: device) == nil)
    }

    @Test("the key of a PIN")
    func pinKey() {
        let key = KeyDerivation.pinKey(pin: "12345678", deviceID: SecurityHouse.firstID)
        #expect(key == SecurityHouse.octets("01c1eef874130c9944e0712f20b2571b"))
    }

    static let pbkdf2: [(String, String, Int, Int, String)] = [
        // RFC 7914 §11.
        (
            "passwd", "salt", 1, 64,
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                + "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
        ),
        ("password", "salt", 2, 20, "ae4d0c95af6b46d32d0adff928f06dd02a303f8e"),
        (
            "passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 40,
            "348c89dbcbd32b2f32d814b8116e84cf2b17347ebc1800181c4e2a1fb8dd53e1c635518c7dac47e9"
        ),
    ]

    @Test("PBKDF2 with HMAC-SHA-256", arguments: pbkdf2.indices)
    func stretching(_ index: Int) {
        let (password, salt, iterations, count, expected) = Self.pbkdf2[index]
        let key = KeyDerivation.pbkdf2(
            password: Array(password.utf8), salt: Array(salt.utf8), iterations: iterations, count: count)
        #expect(key == SecurityHouse.octets(expected))
    }

    static let lengths: [(UInt16, Int?)] = [
        (0xFF00, 96), (0xC037, 96), (0xC0AE, 40), (0xC0AC, 40), (0xC0AF, 72), (0xC0AD, 72), (0xC02B, 120),
        (0xC030, nil), (0x002F, nil),
    ]

    @Test("key blocks", arguments: lengths.indices)
    func keyBlockLength(_ index: Int) {
        #expect(SessionSecrets.keyBlockLength(suite: Self.lengths[index].0) == Self.lengths[index].1)
    }

    @Test("what the tools say and see")
    func names() {
        let hint = OwnerTransferMethod.pinHint(deviceID: SecurityHouse.firstID)
        #expect(hint.count == 33 && hint.starts(with: Array("oic.sec.doxm.rdp:".utf8)))
        #expect(OwnerTransferMethod.pinIdentity.count == 16)
        #expect(OwnerTransferMethod(rawValue: -1) == nil && OwnerTransferMethod(rawValue: 65536) == nil)
        #expect(SessionSecrets(masterSecret: [1], clientRandom: [], serverRandom: [], suite: 0) == nil)
    }
}
