import Foundation
import Glibc
import OCFModel
import PrivateFiles

/// The certificates in the cloud's state directory: `ca/ca.pem`, `ca/ca-key.pem`, `ca/cloud.pem`, `ca/cloud-key.pem`.
public struct CertificateStore: Sendable {
    private let directory: String

    /// The store of this state directory; nothing is read or made yet.
    public init(state: String) {
        directory = state + "/ca"
    }

    /// The authority's certificate, the trust anchor of devices and clients.
    public var authorityPath: String { directory + "/ca.pem" }
    /// The authority's key.
    public var authorityKeyPath: String { directory + "/ca-key.pem" }
    /// The cloud's certificate.
    public var cloudPath: String { directory + "/cloud.pem" }
    /// The cloud's key.
    public var cloudKeyPath: String { directory + "/cloud-key.pem" }

    /// Makes authority and cloud certificate.
    ///
    /// - Parameters:
    ///   - id: the cloud's id.
    ///   - hostNames: DNS names for the cloud's certificate.
    /// - Throws: `.exists` when there is an authority already: a second would cut off every device of the first.
    public func create(id: Identifier, hostNames: [String]) throws {
        guard access(authorityPath, F_OK) != 0 else {
            throw CloudError(
                .exists,
                "there is an authority in \(directory); devices trust it. To renew the cloud's certificate use "
                    + "`gatehouse-cloud ca renew`; to start again, with every device onboarded anew, move the directory away"
            )
        }
        try PrivateFile.makeDirectory(directory)
        let authority = try CertificateAuthority(creating: "Gatehouse cloud \(id) root")
        try write(authority.issueCloud(id, hostNames: hostNames))
        try PrivateFile.write(authority.keyPEM, to: authorityKeyPath)
        // Last, as its presence tells that all is there.
        try PrivateFile.write(try authority.certificatePEM(), to: authorityPath, mode: 0o644)
    }

    /// Gives the cloud a new certificate and key under the same id.
    public func renewCloud(hostNames: [String]) throws {
        let id = try cloudID()
        try write(try authority().issueCloud(id, hostNames: hostNames))
    }

    /// The cloud's id, from its certificate.
    ///
    /// - Throws: `.configuration` saying how to make one when there is none.
    public func cloudID() throws -> Identifier {
        guard access(cloudPath, F_OK) == 0 else {
            throw CloudError(
                .configuration, "there is no certificate at \(cloudPath); make one by `gatehouse-cloud ca init`")
        }
        return try CertificateAuthority.inspect(certificate: PrivateFile.read(cloudPath)).id
    }

    /// The authority, with its key.
    public func authority() throws -> CertificateAuthority {
        guard access(authorityPath, F_OK) == 0 else {
            throw CloudError(
                .configuration, "there is no authority at \(authorityPath); make one by `gatehouse-cloud ca init`")
        }
        return try CertificateAuthority(
            certificate: PrivateFile.read(authorityPath), key: PrivateFile.read(authorityKeyPath))
    }

    private func write(_ issued: CertificateAuthority.Issued) throws {
        guard let key = issued.key else { return }
        // A crash between the two leaves a pair that does not fit; the server says so, and renewing mends it.
        try PrivateFile.write(key, to: cloudKeyPath)
        try PrivateFile.write(issued.certificate, to: cloudPath, mode: 0o644)
    }
}
