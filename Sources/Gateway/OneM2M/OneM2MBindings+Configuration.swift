import Advertising
import OneM2MDoor
import OneM2MPrimitives
import TLS

/// What of the oneM2M door's configuration cannot be used.
struct OneM2MSetupError: Error {
    let reason: String
}

extension OneM2MBindings.Settings {
    /// The sockets, peers and registrar that the configuration describes; files are read now.
    init(
        _ configuration: Configuration.OneM2MBindings, home: CSEIdentity, clock: ValidityClock
    ) throws(OneM2MSetupError) {
        self.init()
        self.clock = clock
        http = Self.listener(configuration.http.address, configuration.http.port)
        https = Self.listener(configuration.http.secureAddress, configuration.http.securePort)
        coap = Self.listener(configuration.coap.address, configuration.coap.port)
        coaps = Self.listener(configuration.coap.secureAddress, configuration.coap.securePort)
        do throws(TLSError) {
            if !configuration.certificate.isEmpty {
                identity = try Identity(certificateFile: configuration.certificate, keyFile: configuration.key)
            }
            if !configuration.trust.isEmpty { trust = try TrustAnchors(file: configuration.trust) }
        } catch {
            throw OneM2MSetupError(reason: error.reason)
        }
        var hosts: [String: [String]] = [:]
        var keys: [PeerIdentities.SharedKey] = []
        for peer in configuration.peers {
            for text in peer.speaksFor where EntityID(text, at: home) == nil {
                throw OneM2MSetupError(reason: "onem2m.peers: \"\(text)\" is no AE-ID or CSE-ID")
            }
            if peer.keyFile.isEmpty {
                hosts[peer.name.lowercased(), default: []] += peer.speaksFor
            } else {
                let key = try Self.key(peer.keyFile)
                keys.append(.init(identity: Array(peer.name.utf8), key: key, speaksFor: peer.speaksFor))
            }
        }
        identities = PeerIdentities(hosts: hosts, keys: keys)
        try setRegistrar(configuration.registrar, home: home, keys: keys)
    }

    /// What others are told: the configured URLs, else those of the listeners that have one address.
    func pointsOfAccess(_ configured: [String]) -> [String] {
        guard configured.isEmpty else { return configured }
        return [("https", https), ("coaps", coaps), ("http", http), ("coap", coap)].compactMap { scheme, listener in
            guard let listener, listener.address != "0.0.0.0", listener.address != "::" else { return nil }
            let isIPv6 = listener.address.utf8.contains(UInt8(ascii: ":"))
            return "\(scheme)://\(isIPv6 ? "[\(listener.address)]" : listener.address):\(listener.port)"
        }
    }

    private mutating func setRegistrar(
        _ wanted: Configuration.OneM2MBindings.Registrar, home: CSEIdentity, keys: [PeerIdentities.SharedKey]
    ) throws(OneM2MSetupError) {
        guard !wanted.url.isEmpty else { return }
        let name = wanted.cseID.hasPrefix("/") ? wanted.cseID : "/" + wanted.cseID
        guard let point = PointOfAccess(wanted.url), let entity = EntityID(name, at: home), entity.isCSE else {
            throw OneM2MSetupError(
                reason: "onem2m.registrar: \(wanted.url) and \(wanted.cseID): expected a point of access and a CSE-ID")
        }
        guard entity != home.entity else {
            throw OneM2MSetupError(reason: "onem2m.registrar: \(wanted.cseID) is this CSE itself")
        }
        var settings = RegistrarSettings(point: point, cse: entity)
        settings.baseName = wanted.base
        settings.lifetime = .seconds(wanted.lifetime)
        settings.checkInterval = .seconds(wanted.check)
        settings.deregisters = wanted.deregister
        registrar = settings
        // A key that the registrar has is ours towards it too: we are known by the CSE-ID there.
        if let shared = keys.first(where: { key in key.speaksFor.contains { EntityID($0, at: home) == entity } }) {
            clientKeys[point.host] = PreSharedKey(identity: Array(home.entity.spRelative.utf8), key: shared.key)
        }
    }

    private static func listener(_ address: String, _ port: Int) -> OneM2MBindings.Listener? {
        port == 0 ? nil : OneM2MBindings.Listener(address: address, port: port)
    }

    private static func key(_ file: String) throws(OneM2MSetupError) -> [UInt8] {
        var text: String
        do throws(TextFile.Failure) {
            text = try TextFile.read(file, maximum: 4_096)
        } catch {
            throw OneM2MSetupError(reason: "onem2m.peers: \(error)")
        }
        while let last = text.last, last.isNewline { text.removeLast() }
        guard let key = Hex.bytes(text),
            (PreSharedKey.minimumLength...PreSharedKey.maximumLength).contains(key.count)
        else {
            throw OneM2MSetupError(reason: "onem2m.peers: \(file) holds no key; expected 32 to 64 hex digits")
        }
        return key
    }
}
