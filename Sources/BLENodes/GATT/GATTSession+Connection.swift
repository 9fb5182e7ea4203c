import Advertising
import GATT
import Logging
import OneLoop

/// The connection of a session: made for all who want it, got ready before anything is asked, given up when nobody needs it.
extension GATTSession {
    /// Does something with a connection, and sees to what comes after.
    func using(
        isUrgent: Bool, _ body: @Loop (GATTClient) async throws(GATTError) -> Void
    ) async throws(GATTError) {
        users += 1
        defer {
            users -= 1
            settle()
        }
        let client: GATTClient
        do throws(GATTError) {
            client = try await ready(isUrgent: isUrgent)
        } catch {
            // Also a refusal: a device that refuses to say what it has is of no use.
            failed(error)
            throw error
        }
        do throws(GATTError) {
            try await body(client)
            failures = 0
        } catch {
            if error.refusal == .databaseOutOfSync { forgetDatabase() }
            // A value that does not fit, or a refused write, is the asker's affair.
            if error.refusal == nil, error.code != .notPossible, error.code != .tooLong { failed(error) }
            throw error
        }
    }

    /// The connection, with all that must come before anything can be asked; one is made for all who want it.
    private func ready(isUrgent: Bool) async throws(GATTError) -> GATTClient {
        if let client, client.end == nil { return client }
        guard !isStopped else { throw GATTError(.cancelled, "it was forgotten") }
        guard let peer else {
            throw GATTError(.unreachable, "it has not been heard since the start, so nobody knows whether it is there")
        }
        if let readying {
            if isUrgent { central.hurry(peer.address) }
            return try await readying.value.get()
        }
        let task = Task { () -> Result<GATTClient, GATTError> in
            // Here, not where it is waited for: who asks again at once must not be given the answer that has just come.
            defer { readying = nil }
            do throws(GATTError) {
                return .success(try await self.prepare(peer, isUrgent))
            } catch {
                return .failure(error)
            }
        }
        readying = task
        return try await task.value.get()
    }

    private func prepare(_ peer: ATTPeer, _ isUrgent: Bool) async throws(GATTError) -> GATTClient {
        let client = try await central.connect(to: peer, isUrgent: isUrgent)
        do throws(GATTError) {
            client.secure = { [secure] client, error throws(GATTError) in try await secure(peer, client, error) }
            try await client.exchangeMTU()
            let found = try await client.database(cached: database)
            if found != database { learn(found) }
            try await countLines(client)
            try await watchForChanges(client, found)
            untold = []
            for point in points where point.delivery == .notify { _ = try await subscribe(client, point) }
            guard !isStopped, client.end == nil else { throw client.end ?? GATTError(.cancelled, "it was forgotten") }
        } catch {
            // A link that is of no use is no reason to hold a connection that others could have.
            central.disconnect(peer.address, isFailure: true)
            throw error
        }
        self.client = client
        isYielding = false
        if keeps { central.keep(peer.address) }
        return client
    }

    private func learn(_ found: GATTDatabase) {
        database = found
        knowsIdentity = false
        let (points, missing) = GATTPoint.resolve(plan, in: found)
        self.points = points
        for point in missing {
            let place = point.service.map { " in service \($0)" } ?? ""
            log.warning("\(id) has no characteristic \(point.type)\(place), as the configuration says")
        }
        remember(found)
    }

    /// How many lines a Digital has says its Number of Digitals (2909); without one, as many as fit its value's
    /// bytes, which shows in the first value.
    private func countLines(_ client: GATTClient) async throws(GATTError) {
        for index in points.indices where points[index].lines == 0 {
            guard let descriptor = points[index].characteristic.descriptor(.numberOfDigitals) else { continue }
            do throws(GATTError) {
                guard let count = try await client.read(descriptor).first, count > 0, index < points.count else {
                    continue
                }
                points[index].lines = Int(count)
                remember(database)
            } catch  where error.refusal != nil || error.code == .needsPairing {
                continue
            }
        }
    }

    private func forgetDatabase() {
        database = nil
        remember(nil)
        disconnect()
        due = nil
    }

    /// A device whose database changed says so to whoever asked for that (Core Specification Vol 3 Part G 7.1).
    private func watchForChanges(_ client: GATTClient, _ database: GATTDatabase) async throws(GATTError) {
        guard let changed = database.characteristic(.serviceChanged), changed.properties.contains(.indicate) else {
            return
        }
        do throws(GATTError) {
            try await client.subscribe(changed) { [weak self] _ in self?.forgetDatabase() }
        } catch  where error.refusal != nil || error.code == .needsPairing || error.code == .notFound {
            // Then changes are found by the hash, or by errors.
        }
    }

    /// Has a characteristic tell its value.
    ///
    /// - Returns: why it does not, when it wants a bond first; it is no reason to do without the others.
    private func subscribe(_ client: GATTClient, _ point: GATTPoint) async throws(GATTError) -> String? {
        do throws(GATTError) {
            try await client.subscribe(point.characteristic) { [weak self] value in self?.told(value, for: point) }
            untold.remove(point.characteristic.value)
        } catch  where error.code == .needsPairing && client.end == nil {
            untold.insert(point.characteristic.value)
            return "its \(point.name): \(error.reason)"
        } catch  where error.refusal != nil || error.code == .notFound {
            log.warning("\(id) does not tell its \(point.name): \(error.reason); it is read at intervals")
            if let index = points.firstIndex(of: point) { points[index].delivery = .poll }
        }
        return nil
    }

    /// Asks again for what was not told: a person may have paired the device since.
    ///
    /// - Returns: why it is still not told.
    func subscribeAgain(_ client: GATTClient) async throws(GATTError) -> [String] {
        guard !untold.isEmpty else { return [] }
        let isKept = keeps
        var refused: [String] = []
        for point in points where untold.contains(point.characteristic.value) {
            if let reason = try await subscribe(client, point) { refused.append(reason) }
        }
        if keeps, !isKept, let address { central.keep(address) }
        return refused
    }

    /// What becomes of the connection now that nobody uses it.
    func settle() {
        guard users == 0, let client, client.end == nil else { return }
        if isYielding { return disconnect() }
        timer?.cancel()
        if keeps {
            // What does not come by itself is still read at its interval.
            timer = Loop.after(interval) { [weak self] in
                guard let self, self.client != nil else { return }
                Task { try? await self.round(isUrgent: false) }
            }
        } else {
            timer = Loop.after(GATTSession.linger) { [weak self] in
                guard let self, users == 0 else { return }
                disconnect()
            }
        }
    }

    func disconnect() {
        timer?.cancel()
        guard client != nil else { return }
        client = nil
        // Others have waited: it is their turn before this one comes again.
        if isYielding { due = .now + ConnectionSchedule.Rules().turn }
        isYielding = false
        if let address { central.disconnect(address) }
    }
}
