import OCFDoor
import OCFModel
import TLS

/// What the configuration gives the device on the local network, and what of it cannot be had.
struct LocalFactory {
    /// For the door.
    private(set) var settings = LocalSettings()
    /// What nobody can use, and why.
    private(set) var missing: [(part: String, reason: String)] = []
    private var presets = FactoryPresets(methods: [])
    private let deviceID: Identifier?

    init(_ configuration: Configuration) {
        let ocf = configuration.ocf
        deviceID = Identifier(ocf.deviceID)
        guard ocf.local else { return }
        settings.port = ocf.port
        settings.securePort = ocf.securePort
        settings.interfaces = ocf.interfaces.isEmpty ? nil : Set(ocf.interfaces)
        settings.includesLoopback = configuration.board.simulated
        var methods: [OwnerTransferMethod] = []
        if ocf.methods.contains("certificate"), !ocf.manufacturerCertificate.isEmpty {
            do throws(TLSError) {
                let identity = try Identity(
                    certificateFile: ocf.manufacturerCertificate, keyFile: ocf.manufacturerKey)
                // Tools would refuse it, and say less about why.
                if let fault = Self.fault(of: identity) {
                    throw TLSError(.wrongUsage, "\(ocf.manufacturerCertificate): \(fault)")
                }
                settings.manufacturer = identity
                presets.credentials = [
                    .certificate(pem: identity.chain.pem, .manufacturerCertificate, subject: .anyone)
                ]
                methods.append(.manufacturerCertificate)
            } catch {
                missing.append(("ocf", "ownership by the manufacturer's certificate is not offered: \(error.reason)"))
            }
        }
        let byPIN = ocf.methods.contains("pin")
        let byNothing = ocf.methods.contains("just-works")
        switch OCFHandshakes.availability {
        case .available:
            if byPIN { methods.append(.randomPIN) }
            if byNothing { methods.append(.justWorks) }
        case .unavailable(let reason): missing.append(("ocf", reason))
        }
        presets.methods = methods
        // It is provisioned by who comes, and goes to its services by itself where they ask for that.
        presets.supportedModes = [.serverDirectedMultiple, .serverDirectedSingle, .clientDirected]
    }

    /// Which of OCF's rules for a manufacturer's certificate this one breaks; nil for none. Dates are the tool's to judge.
    private static func fault(of identity: Identity) -> String? {
        do throws(CertificateFault) {
            guard let leaf = try CertificateRules.read(pem: identity.chain.pem).first else { return nil }
            try CertificateRules.manufacturer(leaf, at: nil)
            return nil
        } catch {
            return error.description
        }
    }

    /// What the device's security needs.
    func environment(_ floor: TimeFloor) -> DeviceSecurity.Environment {
        let clock = floor.validityClock
        let deviceID = deviceID
        return DeviceSecurity.Environment(
            presets: presets, certificateTime: { clock.now() },
            time: { floor.isClockWrong() ? nil : ValidityClock.system.now() },
            newDeviceID: { deviceID ?? .random() })
    }
}
