import FlashStore
import JSONText
import OneLoop
import XMPPDoor

extension House {
    /// Opens the XMPP door where an account is configured; what stands in the way is a degraded part.
    func startXMPP() async {
        guard !configuration.xmpp.account.isEmpty else { return }
        do throws(XMPPSetupError) {
            let house = try XMPPHouse(
                configuration.xmpp, settings: doorSettings, key: try await labelKey(), concentrator: concentrator,
                administration: administration, pairing: pairing, store: store, clock: floor.validityClock, log: xmppLog
            )
            house.connection.onStatus { [weak self] status in
                self?.events.send(["kind": "xmpp", "online": .bool(status.isOnline), "state": .string(status.state)])
                if status.isOnline { self?.floor.confirm() }
            }
            xmpp = house
            house.start()
        } catch {
            missing.append(("xmpp", error.reason))
        }
    }

    /// What the label says, also without an account: it is printed before the gateway is put up.
    func label() async throws(ControlError) -> JSON {
        do throws(XMPPSetupError) {
            let tags = ThingTags(doorSettings, key: try await labelKey())
            return ["text": .string(tags.label), "claimed_by": .string(orNull: xmpp?.list.owner)]
        } catch {
            throw ControlError(.failed, error.reason)
        }
    }

    private func labelKey() async throws(XMPPSetupError) -> String {
        do throws(StoreError) {
            return try await XMPPHouse.key(store)
        } catch {
            throw XMPPSetupError(reason: "the label's key cannot be kept: \(error.description)")
        }
    }

    private var doorSettings: DoorSettings {
        DoorSettings(
            name: device.name, manufacturer: configuration.ocf.manufacturer,
            model: configuration.ocf.model.isEmpty ? "Gatehouse" : configuration.ocf.model, version: gatehouseVersion,
            serialNumber: "\(device.identity.deviceID)",
            oldPeers: Set(configuration.xmpp.peers.filter { $0.dialect == "2013" }.map { $0.jid.lowercased() }))
    }
}
