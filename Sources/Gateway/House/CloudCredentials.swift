import FlashStore
import OCFDoor
import OCFModel
import OneLoop
import TLS

/// Who the gateway is for a cloud, and which authorities it believes.
@Loop
final class CloudCredentials {
    /// Authorities given with `gatehouse cloud set --trust`, as PEM text.
    private static let key = "ocf/cloud-anchors"

    private let configuration: Configuration
    private let store: FlashStore
    private let floor: TimeFloor
    private let security: DeviceSecurity?
    private let identity: Result<Identity?, TLSError>
    /// Kept per cloud, since it remembers the last session and the next connection resumes it.
    private var built: [Identifier: TLSConfiguration] = [:]

    init(_ configuration: Configuration, store: FlashStore, floor: TimeFloor, security: DeviceSecurity?) {
        self.security = security
        self.configuration = configuration
        self.store = store
        self.floor = floor
        let ocf = configuration.ocf
        identity = Result { () throws(TLSError) in
            ocf.certificate.isEmpty ? nil : try Identity(certificateFile: ocf.certificate, keyFile: ocf.key)
        }
    }

    /// Why the identity certificate cannot be used by the device `id`; `nil` when it can, or when none is configured.
    func trouble(of id: Identifier) -> String? {
        switch identity {
        case .failure(let error): return error.reason
        case .success(nil): return nil
        case .success(let identity?):
            let name = identity.chain.leaf.commonName ?? ""
            guard let named = OCFIdentity.uuid(inCommonName: name).flatMap({ Identifier($0) }) else {
                return "\(configuration.ocf.certificate) names \"\(name)\", expected uuid:\(id)"
            }
            guard named != id else { return nil }
            return "\(configuration.ocf.certificate) is for the device \(named), but this one is \(id); "
                + "set ocf.device_id before the first start, or have a certificate issued for \(id)"
        }
    }

    /// The TLS of a connection to the cloud `id`: its certificate must carry that id and come from our authorities.
    func configuration(cloud id: Identifier) throws(TLSError) -> TLSConfiguration {
        if let configuration = built[id] { return configuration }
        let provisioned = security?.identityCredential()
        let made = try TLSConfiguration.client(
            trust: try anchors(cloud: id), peerName: .ocf(uuid: id.description),
            identity: provisioned == nil ? try identity.get() : provisioned, clock: floor.validityClock)
        built = [id: made]
        return made
    }

    /// Keeps authorities, durably; an empty text keeps those there are.
    func keep(anchors pem: String) async throws(ControlError) {
        guard !pem.isEmpty else {
            // Better now than after the person has pressed the button.
            do throws(TLSError) { _ = try anchors(cloud: .none) } catch { throw ControlError(.refused, error.reason) }
            return
        }
        do throws(TLSError) { _ = try TrustAnchors(pem: pem, origin: "--trust") } catch {
            throw ControlError(.badValue, error.reason)
        }
        do throws(StoreError) { try await store.put(Self.key, Array(pem.utf8), .now) } catch {
            throw ControlError(.failed, error.description)
        }
        built = [:]
    }

    /// Forgets what ``keep(anchors:)`` kept.
    func forget() async throws(StoreError) {
        built = [:]
        try await store.remove(Self.key, .now)
    }

    /// The device's certificates or roots are other ones.
    func changed() { built = [:] }

    /// What the owner's services have provisioned goes before what a person or the configuration gave.
    private func anchors(cloud id: Identifier) throws(TLSError) -> TrustAnchors {
        if let security, security.isOwned {
            let provisioned = security.anchors(for: id)
            if !provisioned.certificates.isEmpty { return provisioned }
        }
        if let pem = store.get(Self.key) {
            return try TrustAnchors(pem: String(decoding: pem, as: UTF8.self), origin: "the store")
        }
        guard !configuration.cloud.trust.isEmpty else {
            throw TLSError(
                .invalidConfiguration,
                "no authorities are known for the cloud; give them with --trust FILE or as cloud.trust in the configuration"
            )
        }
        return try TrustAnchors(file: configuration.cloud.trust)
    }
}
