import OneLoop

extension GATTClient {
    /// What the server has: from the cache when its hash is still the same, else discovered.
    ///
    /// - Parameter cached: what was known of it before.
    public func database(cached: GATTDatabase? = nil) async throws(GATTError) -> GATTDatabase {
        let hash = try await databaseHash()
        // Without a hash a cache cannot be judged; a bonded client would be told of changes, others are not.
        if let cached, let hash, cached.hash == hash { return cached }
        var database = try await discover()
        database.hash = hash
        return database
    }

    /// The server's hash of its database, 16 bytes (Part G 7.3); nil when it has none.
    public func databaseHash() async throws(GATTError) -> [UInt8]? {
        do throws(GATTError) {
            let answer = try await ask(.readByTypeRequest(first: 1, last: 0xFFFF, type: .databaseHash))
            guard case .readByTypeResponse(let list) = answer, let value = list.first?.value, value.count == 16 else {
                return nil
            }
            return value
        } catch  where error.refusal != nil {
            return nil
        }
    }

    /// Asks for everything (Part G 4.4.1, 4.6.1, 4.7.1).
    private func discover() async throws(GATTError) -> GATTDatabase {
        var database = GATTDatabase()
        database.services = try await services()
        try await addCharacteristics(&database)
        try await addDescriptors(&database)
        return database
    }

    private func services() async throws(GATTError) -> [GATTDatabase.Service] {
        var services: [GATTDatabase.Service] = []
        try await walk(1...0xFFFF) { first throws(GATTError) in
            let request = ATTPDU.readByGroupTypeRequest(first: first, last: 0xFFFF, type: .primaryService)
            guard case .readByGroupTypeResponse(let groups) = try await self.ask(request) else { throw .unexpected }
            for group in groups {
                guard let type = AttributeType(wire: group.value), group.first <= group.last,
                    group.first > services.last?.last ?? 0
                else { throw GATTError(.malformed, "its list of services makes no sense") }
                guard services.count < GATTDatabase.mostServices else { return nil }
                services.append(GATTDatabase.Service(type: type, first: group.first, last: group.last))
            }
            return groups.last?.last
        }
        return services
    }

    private func addCharacteristics(_ database: inout GATTDatabase) async throws(GATTError) {
        var total = 0
        for index in database.services.indices {
            let service = database.services[index]
            var found: [GATTDatabase.Characteristic] = []
            guard service.first < service.last else { continue }
            try await walk(service.first...service.last) { first throws(GATTError) in
                let request = ATTPDU.readByTypeRequest(first: first, last: service.last, type: .characteristic)
                guard case .readByTypeResponse(let list) = try await self.ask(request) else { throw .unexpected }
                for entry in list {
                    // properties | value handle | type
                    guard entry.value.count >= 5, let type = AttributeType(wire: entry.value[3...]),
                        entry.handle >= first, entry.handle > found.last?.value ?? 0
                    else { throw GATTError(.malformed, "its list of characteristics makes no sense") }
                    let value = UInt16(entry.value[1]) | UInt16(entry.value[2]) << 8
                    guard value > entry.handle, value <= service.last else {
                        throw GATTError(
                            .malformed, "the value of its characteristic \(type) lies outside of the service")
                    }
                    guard total < GATTDatabase.mostCharacteristics else { return nil }
                    total += 1
                    found.append(
                        GATTDatabase.Characteristic(
                            type: type, properties: GATTDatabase.Properties(rawValue: entry.value[0]),
                            declaration: entry.handle, value: value))
                }
                return list.last?.handle
            }
            database.services[index].characteristics = found
        }
    }

    /// What lies between a characteristic's value and the next declaration describes it.
    private func addDescriptors(_ database: inout GATTDatabase) async throws(GATTError) {
        var total = 0
        for index in database.services.indices {
            let service = database.services[index]
            for (place, characteristic) in service.characteristics.enumerated() {
                let next =
                    place + 1 < service.characteristics.count ? service.characteristics[place + 1].declaration : nil
                let last = next.map { $0 - 1 } ?? service.last
                guard characteristic.value < last else { continue }
                var found: [GATTDatabase.Descriptor] = []
                try await walk(characteristic.value + 1...last) { first throws(GATTError) in
                    let request = ATTPDU.findInformationRequest(first: first, last: last)
                    guard case .findInformationResponse(let list) = try await self.ask(request) else {
                        throw .unexpected
                    }
                    for entry in list {
                        guard entry.handle >= first, entry.handle <= last else {
                            throw GATTError(.malformed, "its list of descriptors makes no sense")
                        }
                        guard total < GATTDatabase.mostDescriptors else { return nil }
                        total += 1
                        found.append(GATTDatabase.Descriptor(type: entry.type, handle: entry.handle))
                    }
                    return list.last?.handle
                }
                database.services[index].characteristics[place].descriptors = found
            }
        }
    }

    /// Asks from handle to handle until the server has no more.
    ///
    /// - Parameter step: asks from this handle on; gives the last handle it learned of, or nil for enough.
    /// - Throws: ``GATTError`` `malformed` when a server goes in circles.
    private func walk(
        _ range: ClosedRange<AttributeHandle>,
        _ step: @Loop (AttributeHandle) async throws(GATTError) -> AttributeHandle?
    ) async throws(GATTError) {
        var next = range.lowerBound
        while true {
            let last: AttributeHandle
            do throws(GATTError) {
                guard let learned = try await step(next) else { return }
                last = learned
            } catch  where error.refusal == .attributeNotFound {
                return
            }
            guard last >= next else {
                throw GATTError(.malformed, "its answer goes back to a handle before the asked ones")
            }
            guard last < range.upperBound else { return }
            next = last + 1
        }
    }
}
