import Advertising
import BluetoothLE
import Concentrator
import FlashStore
import GATT
import OneLoop

extension BLENodes {
    // MARK: Coming

    /// Makes an advertiser a node and remembers it.
    ///
    /// - Parameter verdict: allowed by a person, or none: the configuration admits it.
    /// - Returns: whether it is one now; false when there are as many as may be.
    func admit(
        _ address: BluetoothAddress, _ advertisement: Advertisement, _ verdict: DeviceRecord.Verdict
    ) -> Bool {
        // Whoever has a key sends encrypted: what kind of thing it is shows only with the key.
        if let key = key(of: address) {
            _ = decoder.decode(advertisement.payload.span, address: address, key: key, into: &list)
        }
        let expected = awaited[address]
        var record = expected ?? DeviceRecord()
        record.verdict = verdict
        record.isAwaited = false
        if verdict == .allowed, expected == nil, offersServices(advertisement) { record.connects = true }
        record.deviceClass = FieldMapping.deviceClass(list)
        record.isTriggerBased = list.envelope.isTriggerBased
        if record.name.isEmpty {
            record.name = DeviceRecord.name(ADStructures.localName(in: advertisement.payload) ?? "")
        }
        guard add(address, record) else { return false }
        awaited[address] = nil
        table.remove(address)
        log.info("\(address.hex) is a node now")
        remember(address, record)
        if verdict == .allowed, expected == nil { noteJoined(Self.id(address)) }
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
        let device = Device(id: Self.id(address), key: key(of: address), record: record)
        let description = NodeDescription(
            id: device.id, displayName: displayName(address, record), parameters: nodeParameters(address, device),
            deviceClass: record.deviceClass)
        do {
            try concentrator.add(description, driver: self)
        } catch {
            log.warning("\(device.id) cannot be added: \(error.reason)")
            return false
        }
        devices[address] = device
        beginSession(address, device)
        return true
    }

    /// The name a person gave, the configuration's, the advertised one, or the address.
    func displayName(_ address: BluetoothAddress, _ record: DeviceRecord) -> String {
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
        restoreReadIntervals()
        for (key, value) in store?.scan(prefix: BLENodes.bindKeyPrefix) ?? [] {
            guard let address = BluetoothAddress(key.dropFirst(BLENodes.bindKeyPrefix.count)), BindKey(value) != nil
            else {
                log.warning("the store's record \(key) is not understood and is left alone")
                continue
            }
            keys[address] = value
        }
        for (key, value) in store?.scan(prefix: BLENodes.keyPrefix) ?? [] {
            guard let address = BluetoothAddress(key.dropFirst(BLENodes.keyPrefix.count)),
                let record = DeviceRecord(value)
            else {
                log.warning("the store's record \(key) is not understood and is left alone")
                continue
            }
            if record.verdict == .denied {
                blocked[address] = record
            } else if configuration.denied.contains(address) {
                continue
            } else if record.isAwaited {
                awaited[address] = record
            } else if record.verdict == .allowed || configuration.admission == .knownFormats
                || configuration.lists(address), add(address, record)
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

    /// Removes a node and all that is remembered of it: name, key, what a person said. It becomes one again, under the
    /// same id, when it is heard and still admitted.
    ///
    /// - Throws: ``NodeError`` `notFound`, or `driverFailed` when that could not be stored: it is forgotten until the next
    ///   start only.
    public func forget(_ id: NodeID) async throws(NodeError) {
        guard id.cacheType == BLENodes.cacheType, let address = BluetoothAddress(id.nodeID), devices[address] != nil
        else { throw NodeError(.notFound, "there is no node \(id)") }
        removeNode(address)
        keys[address] = nil
        // First, whatever flash says of the rest: else the link would stay secure, and nobody could ask for this again.
        do throws(StoreError) { try await bonds?.forget(address) } catch { throw BLENodes.unstored(error) }
        if givenIntervals.removeValue(forKey: address) != nil {
            try await erase(BLENodes.readIntervalPrefix + address.hex)
        }
        try await erase(BLENodes.keyPrefix + address.hex)
        try await erase(BLENodes.bindKeyPrefix + address.hex)
        try await erase(BLENodes.databasePrefix + address.hex)
    }

    /// Takes a node away; what is remembered of it stays.
    func removeNode(_ address: BluetoothAddress) {
        guard let device = devices.removeValue(forKey: address) else { return }
        endSession(device)
        isFullTold = false
        concentrator.remove(device.id)
    }
}

extension BLENodes: NodeDriver {
    /// Sets a node's name (an empty one gives back the advertised or configured name), or what its characteristics offer.
    public func write(_ node: NodeID, _ values: [(parameter: String, value: FieldValue)]) async throws(NodeError) {
        for (parameter, value) in values {
            if parameter != BLENodes.nameParameter, let session = session(node), session.has(parameter) {
                do throws(GATTError) {
                    try await session.write(parameter, value)
                } catch {
                    throw BLENodes.failure(node, error)
                }
                continue
            }
            guard parameter == BLENodes.nameParameter, let name = value.text else {
                throw NodeError(.unknownParameter, "\(node) has no parameter \(parameter) that takes \(value)")
            }
            try rename(node, name)
        }
    }

    /// Gives a node a name for people; an empty one gives back the advertised or configured name.
    public func rename(_ node: NodeID, _ name: String) throws(NodeError) {
        guard let address = BluetoothAddress(node.nodeID), let device = devices[address] else {
            throw NodeError(.notFound, "there is no node \(node)")
        }
        device.record.name = DeviceRecord.name(name)
        device.record.isNameGiven = !device.record.name.isEmpty
        publishName(device, address)
    }
}
