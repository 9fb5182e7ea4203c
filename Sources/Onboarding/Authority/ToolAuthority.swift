import Glibc
import OCFModel
import PrivateFiles
import TLS

/// A certificate with its key, as PEM.
public struct CertifiedKey: Sendable {
    /// The certificate.
    public let certificate: String
    /// The private key.
    public let key: String
}

/// The tool's certificates: the household's root, which signs identities and roles; the root of manufacturers, which signs
/// the certificates that boards are made with; and the tool's own identity.
///
/// Two roots, because they say different things: the one, that a device belongs to this household; the other, that it is
/// one of ours, whoever owns it. Keys are P-256, files in `ca/` readable by the user alone.
public struct ToolAuthority: Sendable {
    private let state: ToolState
    private var folder: String { state.path + "/ca" }

    /// Days that roots last: longer than what they sign.
    static let rootDays: Int64 = 20 * 365
    /// Days that a board's certificate lasts: its life, since nothing renews it. It ends with its root at the latest.
    static let manufacturerDays: Int64 = 20 * 365
    /// Days that identities and roles last; they are renewed by provisioning them again.
    static let identityDays: Int64 = 10 * 365

    /// The authority in a state directory; nothing is read or made yet.
    public init(_ state: ToolState) {
        self.state = state
    }

    /// The files of an authority, without their suffixes.
    private enum File: String, CaseIterable {
        case root
        case manufacturer
        case identity
    }

    private func certificatePath(_ file: File) -> String { "\(folder)/\(file.rawValue).pem" }
    private func keyPath(_ file: File) -> String { "\(folder)/\(file.rawValue)-key.pem" }

    /// Whether there is one.
    public var exists: Bool { access(certificatePath(.root), F_OK) == 0 }

    /// Makes both roots and the tool's identity.
    ///
    /// - Throws: ``OnboardingError`` `.exists` when there is an authority: devices trust it.
    public func create(now: Int64 = ValidityClock.system.now()) throws {
        let tool = try state.tool()
        try state.locked {
            guard !exists else {
                throw OnboardingError(
                    .exists,
                    "there is an authority in \(folder), which devices trust. To begin anew, with every device owned anew, "
                        + "move the directory away")
            }
            try PrivateFile.makeDirectory(folder)
            let lifetime = CertificateIssuer.Validity.days(Self.rootDays, now: now)
            let root = try makeRoot("Gatehouse household \(tool.domain.id ?? tool.id)", lifetime)
            try write(makeRoot("Gatehouse manufacturer \(tool.id)", lifetime), .manufacturer)
            let key = try PrivateKey.generateP256()
            let identity = try root.issuer.issue(
                .ocfIdentity(
                    uuid: tool.id.description, publicKey: key.publicKey(),
                    validity: .days(Self.identityDays, now: now)))
            try PrivateFile.write(key.pem(), to: keyPath(.identity))
            try PrivateFile.write(identity.pem, to: certificatePath(.identity))
            // Last, since its presence tells that all is there.
            try write(root, .root)
        }
    }

    /// The household's root, PEM: the trust anchor of its devices.
    public func rootPEM() throws -> String { try PrivateFile.read(path(.root)) }

    /// Our root of manufacturers, PEM; nil when there is no authority.
    public func manufacturerRootPEM() throws -> String? {
        exists ? try PrivateFile.read(path(.manufacturer)) : nil
    }

    /// The tool's certificate and key.
    public func identity() throws -> CertifiedKey {
        CertifiedKey(
            certificate: try PrivateFile.read(path(.identity)), key: try PrivateFile.read(keyPath(.identity)))
    }

    /// Signs a device's own request, as the CMS: its key never leaves it.
    ///
    /// - Throws: ``OnboardingError`` `.peer` when the request is not the device's.
    public func signIdentity(
        request pem: String, device: Identifier, now: Int64 = ValidityClock.system.now()
    ) throws -> String {
        let request = try Self.read(request: pem, device: device)
        let root = try issuer(.root)
        return try root.issue(
            .ocfIdentity(
                uuid: device.description, publicKey: request.publicKey,
                validity: root.validity(days: Self.identityDays, now: now))
        ).pem
    }

    /// Gives a role to a device by its request, or to the tool itself.
    ///
    /// - Parameter request: nil for the tool, whose key is that of its identity.
    public func issueRole(
        _ role: Requester.Role, to device: Identifier, request: String?, now: Int64 = ValidityClock.system.now()
    ) throws -> String {
        let key: PublicKey
        if let request {
            key = try Self.read(request: request, device: device).publicKey
        } else {
            key = try PrivateKey(pem: identity().key, origin: keyPath(.identity)).publicKey()
        }
        let root = try issuer(.root)
        return try root.issue(
            .ocfRole(
                [CertificateIssuer.Role(role.name, authority: role.authority)], uuid: device.description,
                publicKey: key,
                validity: root.validity(days: Self.identityDays, now: now))
        ).pem
    }

    /// Makes the certificate and key that a board is made with.
    ///
    /// - Parameter name: its common name, such as a serial number.
    public func issueManufacturer(_ name: String, now: Int64 = ValidityClock.system.now()) throws -> CertifiedKey {
        let key = try PrivateKey.generateP256()
        let root = try issuer(.manufacturer)
        let certificate = try root.issue(
            CertificateIssuer.Order(
                commonName: name, publicKey: key.publicKey(),
                validity: root.validity(days: Self.manufacturerDays, now: now),
                usage: [.server, .client, .ocfIdentity]))
        return CertifiedKey(certificate: certificate.pem, key: try key.pem())
    }

    // MARK: Parts

    private struct Root {
        let issuer: CertificateIssuer
        let key: PrivateKey
    }

    private func makeRoot(_ name: String, _ validity: CertificateIssuer.Validity) throws -> Root {
        let key = try PrivateKey.generateP256()
        return Root(issuer: try .root(commonName: name, key: key, validity: validity), key: key)
    }

    private func write(_ root: Root, _ file: File) throws {
        try PrivateFile.write(root.key.pem(), to: keyPath(file))
        try PrivateFile.write(root.issuer.certificate.pem, to: certificatePath(file))
    }

    private func path(_ file: File) throws -> String {
        guard exists else {
            throw OnboardingError(
                .configuration, "there is no authority in \(folder); make one by `gatehouse-onboard ca init`")
        }
        return certificatePath(file)
    }

    private func issuer(_ file: File) throws -> CertificateIssuer {
        let chain = try CertificateChain(file: path(file))
        return try CertificateIssuer(certificate: chain.leaf, key: PrivateKey(file: keyPath(file)))
    }

    /// The request, when it is signed by its own key and names the device.
    private static func read(request pem: String, device: Identifier) throws -> CertificateRequest {
        let request: CertificateRequest
        do {
            request = try CertificateRequest(pem: pem)
        } catch {
            throw OnboardingError(.peer, "the device's request for a certificate: \(error.reason)")
        }
        guard request.subject.lowercased() == "cn=uuid:\(device)" else {
            throw OnboardingError(
                .peer, "the device's request is for \(request.subject), expected CN=uuid:\(device)")
        }
        return request
    }
}

extension CertificateIssuer {
    /// So many days from now, but no longer than this authority lasts, since a chain is checked whole.
    fileprivate func validity(days: Int64, now: Int64) -> Validity {
        let wanted = Validity.days(days, now: now)
        return Validity(from: wanted.from, to: min(wanted.to, certificate.notAfter))
    }
}
