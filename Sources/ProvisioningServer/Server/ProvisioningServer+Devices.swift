import NIOCore
import OneLoop
import ProvisioningModel
import XMPP

/// Where devices are, and what they have to be told.
extension ProvisioningServer {
    /// An attempt to have a cache cleared.
    struct Clearing {
        var isUnderWay = false
        var attempts = 0
        var next = ContinuousClock.now
    }

    // MARK: Coming and going

    /// A device has been heard of at this full address.
    func met(_ from: JID) {
        let address = Address(from).text
        guard let device = devices[address] else { return }
        let resource = from.description
        let isBack = !device.isOnline || device.resource != resource
        let now = wallClock()
        // Writing down each question's time would be a write for each: once a minute is enough for people.
        if isBack || now - (device.lastSeen ?? 0) >= 60 {
            devices[address]?.isOnline = true
            devices[address]?.resource = resource
            devices[address]?.lastSeen = now
            touched.insert(address)
        }
        // What has failed was not here.
        if isBack, clearing[address]?.isUnderWay == false { clearing[address] = nil }
        // A component has no roster by which it would know when the device comes: it asks the device once.
        if session.isComponent, device.state == .admitted, session.resources(of: from).isEmpty,
            presenceAsked.insert(address).inserted
        {
            session.subscribe(to: from)
        }
    }

    func take(_ presence: Presence) {
        guard let from = presence.from else { return }
        let address = Address(from).text
        switch presence.kind {
        case .available where devices[address] != nil:
            // A bare address can be sent no question; a component's is its domain.
            if !from.isBare || from.local == nil {
                met(from)
                if session.state.isOnline, let device = devices[address] { tell(device) }
                if notices.contains(where: { $0.device == address }) { tellNotices() }
            }
        case .unavailable, .error:
            guard let device = devices[address], device.isOnline,
                from.isBare || device.resource == from.description
            else { return }
            let other = session.resources(of: from).first
            devices[address]?.isOnline = other != nil
            if let other { devices[address]?.resource = other.description }
            devices[address]?.lastSeen = wallClock()
            touched.insert(address)
        case .probe where session.isComponent && devices[address]?.state == .admitted:
            session.send(Presence(.available, to: from))
        case .unsubscribed, .unsubscribe:
            if devices[address] != nil {
                log.notice("a device has ended its friendship", metadata: ["device": "\(address)"])
            }
        default: break
        }
    }

    /// Somebody asks for our presence: a device that has been given this server's address, or follows its knock.
    func takeKnock(_ from: JID) {
        let address = Address(from).text
        switch devices[address]?.state {
        case .admitted?: welcome(from.bare)
        case .refused?: session.refuseSubscription(of: from)
        case .waiting?: knocking.insert(address)
        case nil:
            guard settings.admission != .none, questionRates.take(address, now: .now),
                waiting < ServerLimits.waitingQuestions
            else {
                session.refuseSubscription(of: from)
                return
            }
            waiting += 1
            Task {
                defer { waiting -= 1 }
                do {
                    let admits = settings.admission == .all
                    let now = wallClock()
                    let isNoted = try await database.changing(by: address, now: now) {
                        try $0.meet(address, admits: admits)
                    }
                    guard isNoted else {
                        session.refuseSubscription(of: from)
                        return
                    }
                    knocking.insert(address)
                    try await follow()
                } catch {
                    log.error("a device could not be noted", metadata: ["error": "\(error)"])
                }
            }
        }
    }

    /// Agrees to a device's knowing of our presence, and asks for its own: by it the full address is known (RFC 6121).
    private func welcome(_ device: JID) {
        session.acceptSubscription(of: device)
        if session.isComponent { session.send(Presence(.available, to: device)) }
        switch session.roster[device]?.subscription {
        case .to?, .both?: break
        default: session.subscribe(to: device)
        }
    }

    func stateChanged(_ state: SessionState) {
        switch state {
        case .offline:
            for address in devices.keys where devices[address]?.isOnline == true {
                devices[address]?.isOnline = false
                touched.insert(address)
            }
        case .online:
            presenceAsked = []
            if session.isComponent { greet(Array(devices.values)) }
            tellDevices()
        case .suspended: break
        }
    }

    /// A component has no server that asks for presence in its name. Those who have never agreed do not answer.
    private func greet(_ devices: [DeviceRecord]) {
        for device in devices where device.state == .admitted {
            guard let jid = JID(device.jid), !session.isCongested else { continue }
            session.send(Presence(.available, to: jid))
            session.send(Presence(.probe, to: jid))
        }
    }

    // MARK: What the command line has changed

    func takeOver(_ records: [DeviceRecord]) {
        var fresh: [String: DeviceRecord] = [:]
        for record in records {
            var record = record
            if let known = devices[record.jid] {
                // Where it is, is known here better than on disk.
                record.isOnline = known.isOnline
                record.resource = known.resource ?? record.resource
                record.lastSeen = known.lastSeen ?? record.lastSeen
                record.asksFriends = known.asksFriends || record.asksFriends
                record.cleared = max(known.cleared, record.cleared)
            } else if let there = JID(record.jid).flatMap({ session.resources(of: $0).first }) {
                // It was here before it was let in.
                record.isOnline = true
                record.resource = there.description
                touched.insert(record.jid)
            }
            fresh[record.jid] = record
        }
        for address in devices.keys where fresh[address] == nil {
            clearing[address] = nil
            things[address] = nil
        }
        devices = fresh
        for address in knocking {
            guard let jid = JID(address) else { continue }
            switch devices[address]?.state {
            case .admitted?: welcome(jid)
            case .refused?, nil: session.refuseSubscription(of: jid)
            case .waiting?: continue
            }
            knocking.remove(address)
        }
    }

    // MARK: What devices are told

    /// Tells devices that are there what waits for them.
    func tellDevices() {
        guard session.state.isOnline else { return }
        for device in devices.values { tell(device) }
        tellNotices()
    }

    private func tell(_ device: DeviceRecord) {
        guard device.state == .admitted else { return }
        if device.isInvited { invite(device) }
        if device.isOutdated { clear(device.jid) }
    }

    /// Asks for a device's friendship: its lamp flashes, and a button lets us in.
    private func invite(_ device: DeviceRecord) {
        guard let jid = JID(device.jid) else { return }
        devices[device.jid]?.isInvited = false
        session.subscribe(to: jid)
        let address = device.jid
        Task {
            do {
                try await database.changing(by: "server") { try $0.invited(address) }
            } catch {
                log.error("an invitation could not be noted", metadata: ["error": "\(error)"])
            }
        }
    }

    /// The full address at which a device takes questions; nil when it is not known to be there.
    private func place(of device: DeviceRecord) -> JID? {
        guard let jid = JID(device.jid) else { return nil }
        let there = session.resources(of: jid)
        if there.isEmpty, !session.isComponent {
            // Its presence would have been told.
            switch session.roster[jid]?.subscription {
            case .to?, .both?: return nil
            default: break
            }
        }
        if let last = device.resource.flatMap({ JID($0) }), there.isEmpty || there.contains(last) { return last }
        return there.first
    }

    private func clear(_ address: String) {
        guard let device = devices[address], let target = place(of: device) else { return }
        var attempt = clearing[address] ?? Clearing()
        guard !attempt.isUnderWay, attempt.next <= .now, !session.isCongested else { return }
        attempt.isUnderWay = true
        attempt.attempts += 1
        clearing[address] = attempt
        let upTo = device.changed
        session.set(
            ProvisioningPayload.clearCache.element, to: target, timeout: .seconds(settings.clearTimeout)
        ) { [weak self] result in
            self?.cleared(address, upTo, result)
        }
    }

    private func cleared(_ address: String, _ upTo: Int64, _ result: Result<XMLElement?, IQFailure>) {
        guard case .success = result else {
            // Not there, or not able: again when it comes, and else after longer and longer waits.
            let attempts = clearing[address]?.attempts ?? 1
            let wait = min(settings.firstRetry << min(attempts - 1, 10), settings.longestRetry)
            clearing[address]?.isUnderWay = false
            clearing[address]?.next = .now + .seconds(wait)
            if let device = devices[address], JID(address).map({ session.resources(of: $0).isEmpty }) ?? true,
                device.isOnline
            {
                devices[address]?.isOnline = false
                touched.insert(address)
            }
            return
        }
        counters.cleared += 1
        clearing[address] = nil
        let earlier = devices[address]?.cleared ?? 0
        devices[address]?.cleared = max(upTo, earlier)
        Task {
            do {
                try await database.changing(by: address) { try $0.cleared(address, upTo: upTo) }
            } catch {
                log.error("that a cache was cleared could not be noted", metadata: ["error": "\(error)"])
            }
        }
        // Something may have changed meanwhile.
        if devices[address]?.isOutdated == true { clear(address) }
    }

    private func tellNotices() {
        var sent: [Int64] = []
        notices.removeAll { notice in
            guard let device = devices[notice.device], device.state == .admitted else { return false }
            guard device.isOnline, let target = place(of: device), let who = JID(notice.jid) else { return false }
            let payload = notice.isFriend ? Recommendation(jid: who).element : Unfriending(jid: who).element
            guard session.send(Message([payload], to: target)) else { return false }
            sent.append(notice.id)
            return true
        }
        guard !sent.isEmpty else { return }
        Task { [sent] in
            do {
                try await database.changing(by: "server") { try $0.removeNotices(sent) }
            } catch {
                log.error("that a message was sent could not be noted", metadata: ["error": "\(error)"])
            }
        }
    }
}
