import Advertising
import BluetoothLE
import Concentrator
import FlashStore
import OneLoop

extension BLENodes {
    // MARK: Coming

    /// Makes an advertiser a node and remembers it.
    ///
    /// - Returns: whether it is one now; false when there are as many as may be.
    func admit(_ address: BluetoothAddress, _ advertisement: Advertisement) -> Bool {
        // Whoever has a key sends encrypted: what kind of thing it is shows only with the key.
        if let key = configuration.devices[address]?.key.flatMap({ BindKey($0) }) {
            _ = decoder.decode(advertisement.payload.span, address: address, key: key, into: &list)
        }
        var record = DeviceRecord()
        record.deviceClass = FieldMapping.deviceClass(list)
        record.isTriggerBased = list.envelope.isTriggerBased
        record.name = DeviceRecord.name(ADStructures.localName(in: advertisement.payload) ?? "")
        guard add(address, record) else { return false }
        table.remove(address)
        log.info("\(address.hex) is a node now")
        remember(address, record)
        return true
    }

    /// Adds a node to the concentrator and to the table.
    private func add(_ address: BluetoothAddress, _ record: DeviceRecord) -> Bool {
        guard devices.count < configuration.maximum else {
            if !isFullTold {
                isFullTold = true
                log.warning("there are \(configuration.maximum) sensors, as many as may be; the next ones are left out")
            }
            return false
        }
        let configured = configuration.devices[address]
        let device = Device(id: Self.id(address), key: configured?.key.flatMap { BindKey($0) }, record: record)
        let name = displayName(address, record)
        let description = NodeDescription(
            id: device.id, displayName: name,
            parameters: [
                Parameter(
                    name: BLENodes.nameParameter, kind: .text(maximumLength: DeviceRecord.longestName),
                    value: .text(name))
            ],
            deviceClass: record.deviceClass)
        do {
            try concentrator.add(description, driver: self)
        } catch {
            log.warning("\(device.id) cannot be added: \(error.reason)")
            return false
        }
        devices[address] = device
        return true
    }

    /// The name a person gave, the configuration's, the advertised one, or the address.
    private func displayName(_ address: BluetoothAddress, _ record: DeviceRecord) -> String {
        if record.isNameGiven, !record.name.isEmpty { return record.name }
        if let name = configuration.devices[address]?.name, !name.isEmpty { return DeviceRecord.name(name) }
        return record.name.isEmpty ? address.hex : record.name
    }

    /// Takes over the name that a device advertises, once: it may come in a scan response after its first message.
    func learnName(_ advertisement: Advertisement, _ device: Device, _ address: BluetoothAddress) {
        guard device.record.name.isEmpty, let name = ADStructures.localName(in: advertisement.payload) else { return }
        device.record.name = DeviceRecord.name(name)
        guard !device.record.name.isEmpty else { return }
        publishName(device, address)
    }

    private func publishName(_ device: Device, _ address: BluetoothAddress) {
        let name = displayName(address, device.record)
        concentrator.setDisplayName(device.id, name)
        concentrator.update(device.id, parameter: BLENodes.nameParameter, value: .text(name))
        remember(address, device.record)
    }

    /// Brings back the nodes that the store remembers and the configuration still admits, unavailable until heard.
    func restore() {
        for (key, value) in store?.scan(prefix: BLENodes.keyPrefix) ?? [] {
            guard let address = BluetoothAddress(key.dropFirst(BLENodes.keyPrefix.count)),
                let record = DeviceRecord(value)
            else {
                log.warning("the store's record \(key) is not understood and is left alone")
                continue
            }
            if record.isBlocked {
                blocked[address] = record
            } else if !configuration.denied.contains(address),
                configuration.admission == .knownFormats || configuration.lists(address), add(address, record)
            {
                concentrator.setAvailable(Self.id(address), false)
            }
        }
    }

    private func remember(_ address: BluetoothAddress, _ record: DeviceRecord) {
        store?.putBatched(BLENodes.keyPrefix + address.hex, record.encoded)
    }

    /// The name of the node with this address.
    public nonisolated static func id(_ address: BluetoothAddress) -> NodeID {
        NodeID(cacheType: cacheType, nodeID: address.hex)
    }

    // MARK: Going

    /// Removes a node and what is remembered of it. It becomes one again, under the same id, when it is heard and still
    /// admitted.
    ///
    /// - Returns: whether there was one.
    @discardableResult
    public func forget(_ id: NodeID) -> Bool {
        guard id.cacheType == BLENodes.cacheType, let address = BluetoothAddress(id.nodeID), devices[address] != nil
        else { return false }
        remove(address)
        store?.removeBatched(BLENodes.keyPrefix + address.hex)
        return true
    }

    /// Removes a node, if it is one, and admits it no more until ``unblock(_:)``, restarts included.
    ///
    /// - Returns: false when as many are blocked as may be; listing them as denied in the configuration has no limit.
    @discardableResult
    public func block(_ address: BluetoothAddress) -> Bool {
        guard blocked[address] == nil else { return true }
        guard blocked.count < BLENodes.longestBlockList else { return false }
        var record = devices[address]?.record ?? DeviceRecord()
        record.isBlocked = true
        remove(address)
        table.remove(address)
        blocked[address] = record
        remember(address, record)
        return true
    }

    /// Takes a block back.
    public func unblock(_ address: BluetoothAddress) {
        guard blocked.removeValue(forKey: address) != nil else { return }
        store?.removeBatched(BLENodes.keyPrefix + address.hex)
    }

    private func remove(_ address: BluetoothAddress) {
        guard let device = devices.removeValue(forKey: address) else { return }
        isFullTold = false
        concentrator.remove(device.id)
    }
}

extension BLENodes: NodeDriver {
    /// Sets a node's name; an empty one gives back the advertised or configured name.
    public func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError) {
        guard let address = BluetoothAddress(node.nodeID), let device = devices[address] else {
            throw NodeError(.notFound, "there is no node \(node)")
        }
        for (parameter, value) in values {
            guard parameter == BLENodes.nameParameter, let name = value.text else {
                throw NodeError(.unknownParameter, "\(node) has no parameter \(parameter) that takes \(value)")
            }
            device.record.name = DeviceRecord.name(name)
            device.record.isNameGiven = !device.record.name.isEmpty
            publishName(device, address)
        }
    }
}
