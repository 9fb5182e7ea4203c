import Advertising
import BLENodes
import Concentrator
import GATT
import JSONText
import OneLoop

/// The life of Bluetooth nodes, as the command line asks for it.
extension House {
    // MARK: Joining

    func permitJoin(_ seconds: Int?, _ limit: Int?) throws(ControlError) -> JSON {
        try openJoin(
            seconds: seconds ?? configuration.ble.joinWindow, limit: limit ?? configuration.ble.joinLimit, by: .command)
        return ["join": joinStatus]
    }

    func closeJoin() -> JSON {
        let joined = ble.joinWindow?.joined ?? []
        let wasOpen = ble.closeJoin()
        return ["was_open": .bool(wasOpen), "joined": .array(joined.map { .string("\($0)") })]
    }

    /// Opens the window for the button or the command line.
    func openJoin(seconds: Int, limit: Int, by cause: JoinWindow.Cause) throws(ControlError) {
        do throws(NodeError) {
            try ble.permitJoin(for: .seconds(seconds), limit: limit, by: cause)
        } catch {
            throw ControlError(error)
        }
        // Who is to join should have its name; sensors tell it when they are asked.
        radio?.scanActively(for: .seconds(seconds))
    }

    /// The window as it is; `null` when it is shut.
    var joinStatus: JSON {
        guard let window = ble.joinWindow else { return .null }
        let left = (window.until - ContinuousClock.now).components
        return [
            "ends_in_s": .int(max(0, left.seconds + (left.attoseconds > 0 ? 1 : 0))), "limit": .int(window.limit),
            "joined": .array(window.joined.map { .string("\($0)") }),
        ]
    }

    /// What lamp and watchers hear of joining.
    func joinChanged(_ event: JoinEvent) {
        switch event {
        case .opened(let window, let cause):
            joinedByHand = cause == .button
            pairing.setJoining(true)
            events.send([
                "kind": "join", "open": true, "limit": .int(window.limit), "by": .string(cause.rawValue),
            ])
        case .joined(let id):
            // A hand on the box opened the window: it has permitted that who comes in pairs, where no number is asked for.
            if joinedByHand, let address = BluetoothAddress(id.nodeID) {
                do throws(GATTError) { try links?.bonds.permit(address, passkey: nil) } catch {
                    log.info("\(id) may not pair by itself", metadata: ["because": "\(error.reason)"])
                }
            }
            pairing.show(.accepted)
            events.send(["kind": "joined", "node": .string("\(id)")])
        case .closed(let window, let end):
            pairing.setJoining(false)
            if window.joined.isEmpty, end == .time { pairing.show(.refused) }
            events.send([
                "kind": "join", "open": false, "because": .string(end.rawValue), "joined": .int(window.joined.count),
            ])
        }
    }

    // MARK: One sensor

    func rename(_ name: String, _ newName: String) throws(ControlError) -> JSON {
        let node = try sensor(name).node
        do throws(NodeError) { try ble.rename(node, newName) } catch { throw ControlError(error) }
        return [
            "node": .string("\(node)"), "name": .string(concentrator.node(node)?.description.displayName ?? newName),
        ]
    }

    func forget(_ name: String) async throws(ControlError) -> JSON {
        let (node, address) = try sensor(name)
        do throws(NodeError) { try await ble.forget(node) } catch { throw ControlError(error) }
        let known = BLENodesConfiguration(configuration.ble)
        let returns =
            known.admission == .knownFormats || known.allowed.contains(address) || known.devices[address] != nil
        return ["node": .string("\(node)"), "returns": .bool(returns)]
    }

    func setKey(_ name: String, _ text: String) async throws(ControlError) -> JSON {
        let address = try addressOrNode(name)
        guard let key = Hex.bytes(text), key.isEmpty || key.count == 16 || key.count == 12 else {
            throw ControlError(
                .badValue,
                "the key is \(text.utf8.count) characters, expected 32 hex digits, or 24 for an old Xiaomi sensor")
        }
        do throws(NodeError) {
            try await ble.setKey(address, key.isEmpty ? nil : key)
        } catch {
            throw ControlError(error)
        }
        return ["address": .string("\(address)"), "key": .string(ble.keySource(of: address).rawValue)]
    }

    func pair(_ name: String, _ passkey: Int?, _ same: Bool?) async throws(ControlError) -> JSON {
        let node = try sensor(name).node
        let progress: BLENodes.PairingProgress
        do throws(NodeError) {
            progress = try await ble.pair(node, passkey: passkey.map { UInt32($0) }, isSame: same)
        } catch {
            throw ControlError(error)
        }
        var answer: JSONObject = ["node": .string("\(node)")]
        func digits(_ number: UInt32) -> JSON {
            let text = String(number)
            return .string(String(repeating: "0", count: max(0, 6 - text.count)) + text)
        }
        switch progress {
        case .paired: answer["state"] = "paired"
        case .asks(.passkey): answer["state"] = "passkey"
        case .asks(.compare(let number)):
            answer["state"] = "compare"
            answer["number"] = digits(number)
        case .asks(.show(let number)):
            answer["state"] = "show"
            answer["number"] = digits(number)
        }
        return .object(answer)
    }

    private func sensor(_ name: String) throws(ControlError) -> (node: NodeID, address: BluetoothAddress) {
        let node = try find(name).id
        guard node.cacheType == BLENodes.cacheType, let address = BluetoothAddress(node.nodeID) else {
            throw ControlError(.notFound, "\(node) is no Bluetooth node; its name is given in the configuration")
        }
        return (node, address)
    }

    private func addressOrNode(_ name: String) throws(ControlError) -> BluetoothAddress {
        if let address = BluetoothAddress(name) { return address }
        return try sensor(name).address
    }

    // MARK: Lists

    func list(_ who: String, _ verdict: ListVerdict, _ connect: Bool?) async throws(ControlError) -> JSON {
        let address = try addressOrNode(who)
        var changed = true
        do throws(NodeError) {
            switch verdict {
            case .allow: try await ble.allow(address, connects: connect)
            case .deny: try await ble.deny(address)
            case .unlist: changed = try await ble.unlist(address)
            }
        } catch {
            throw ControlError(error)
        }
        return ["address": .string("\(address)"), "verdict": .string(verdict.rawValue), "changed": .bool(changed)]
    }

    var lists: JSON {
        func texts(_ addresses: [BluetoothAddress]) -> JSON { .array(addresses.map { .string("\($0)") }) }
        let known = BLENodesConfiguration(configuration.ble)
        return [
            "allowed": texts(ble.lists.allowed), "denied": texts(ble.lists.denied),
            "configured": [
                "allowed": texts(known.allowed.union(known.devices.keys).sorted()),
                "denied": texts(known.denied.sorted()),
            ],
        ]
    }

    var strangers: JSON {
        let now = ContinuousClock.now
        return .array(
            ble.strangers.map { stranger in
                [
                    "address": .string("\(stranger.address)"), "address_kind": .string(stranger.addressKind.rawValue),
                    "format": .string(orNull: stranger.format?.rawValue), "needs_key": .bool(stranger.needsKey),
                    "rssi": stranger.rssi.map { .int($0) } ?? .null, "count": .int(stranger.count),
                    "last_heard_s": .int(max(0, (now - stranger.lastHeard).components.seconds)),
                ]
            })
    }
}
