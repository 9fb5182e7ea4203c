import CBOR
import CoAPMessages
import TLS

/// `oic.r.csr`: the request for an identity certificate, which a CMS takes to its authority.
public struct SigningRequest: Sendable, Hashable {
    /// `csr` in PEM.
    public let pem: String

    /// The request that the device offers: its subject is "CN=uuid:" and the device's id, its key the device's.
    ///
    /// - Throws: ``ResourceError`` 5.03 when it cannot be made.
    public init(deviceID: Identifier, key: PrivateKey) throws(ResourceError) {
        do {
            pem = try CertificateRequest(subject: "CN=uuid:\(deviceID)", key: key).pem
        } catch {
            throw ResourceError(.serviceUnavailable, "no certificate request can be made: \(error)")
        }
    }

    /// The properties, the common ones aside.
    public var representation: CBOR.Map {
        ["csr": .text(pem), "encoding": .text(Credential.Encoding.pem.rawValue)]
    }

    /// Reads a RETRIEVE's answer.
    public init(representation value: CBOR.Value?) throws(ResourceError) {
        let reader = try PropertyReader(value, of: "csr")
        pem = try reader.require("csr", reader.text("csr", maximumLength: SecurityLimits.dataLength))
        guard try reader.choice("encoding", Credential.Encoding.self) == .pem else {
            throw reader.fail("encoding", Credential.Encoding.pem.rawValue)
        }
    }
}
