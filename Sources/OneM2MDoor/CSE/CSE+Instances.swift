import JSONText
import OneLoop
import OneM2MPrimitives

/// Content instances: made, packed, and let go of when a container is full (TS-0004 7.4.7.2.1).
extension CSE {
    func createInstance(
        _ context: RequestContext, _ attributes: JSONObject, _ name: String?, _ expiration: OneM2MTime,
        in container: Resource, _ wanted: ResultContent
    ) async throws(OneM2MError) -> ResponsePrimitive {
        var attributes = attributes
        if context.request.content?.object?.members.first?.value["cr"] != nil {
            attributes["cr"] = .string(context.originator.text(at: identity))
        }
        let size = attributes["con"]?.contentSize ?? 0
        let room = container.attributes["mbs"]?.int ?? settings.limits.contentBytes
        guard size <= room else {
            throw OneM2MError(.notAcceptable, "\(size) bytes of content, the container takes \(room)")
        }
        let instance = ContentInstances.Instance(
            number: nextInstanceNumber(), created: context.now, expiration: expiration, name: name,
            stateTag: UInt32(truncatingIfNeeded: container.stateTag + 1), size: UInt32(clamping: size),
            body: ContentInstances.pack(attributes), isOfNode: container.keeper == .nodes)
        let gone = try add(instance, to: container)
        do throws(OneM2MError) {
            try await memory.keep(instance, of: container, gone: gone)
        } catch {
            _ = tree.remove(number: instance.number, of: container)
            tree.giveBack(gone.filter { $0.number != instance.number }, to: container)
            // Others may have taken the places meanwhile.
            memory.forget(trim(container, now: clock()), of: container)
            throw error
        }
        notifier.happened(.createdChild, at: container, instance: instance)
        var address: String { "\(container.address)/\(instance.resourceName)" }
        var representation: JSONObject { instance.representation(container: container.id, given: attributes) }
        let content: JSON?
        switch wanted {
        case .nothing: content = nil
        case .hierarchicalAddress: content = ["m2m:uri": .string(address)]
        case .hierarchicalAddressAndAttributes:
            content = [
                "m2m:rce": [
                    "uri": .string(address), "m2m:cin": .object(representation),
                ]
            ]
        case .modifiedAttributes:
            var assigned = representation
            for member in attributes where member.name != "cr" { assigned[member.name] = nil }
            content = ["m2m:cin": .object(assigned)]
        default: content = ["m2m:cin": .object(representation)]
        }
        return context.answer(.created, content)
    }

    private func nextInstanceNumber() -> UInt64 {
        let number = tree.takeNumber()
        memory.reserve(beyond: number)
        return number
    }

    /// A content of a node's own: in memory alone.
    func addNodeInstance(_ content: JSON, to container: Resource, at time: OneM2MTime) {
        let instance = ContentInstances.Instance(
            number: nextInstanceNumber(), created: time, expiration: .distantFuture, name: nil,
            stateTag: UInt32(truncatingIfNeeded: container.stateTag + 1), size: UInt32(clamping: content.contentSize),
            body: ContentInstances.pack(["con": content]), isOfNode: true)
        guard (try? add(instance, to: container)) != nil else { return }
        notifier.happened(.createdChild, at: container, instance: instance)
    }

    /// Puts an instance in, and the oldest out until the container's limits hold; returns those that went.
    private func add(
        _ instance: ContentInstances.Instance, to container: Resource
    ) throws(OneM2MError) -> [ContentInstances.Instance] {
        let limits = settings.limits
        // The whole table is full: the container gives up its own oldest, or takes nothing.
        if tree.instanceCount >= limits.contentInstances
            || tree.instanceBytes + instance.weight > limits.contentBytes
        {
            guard let instances = container.instances, !instances.isEmpty,
                tree.instanceBytes - instances.weight + instance.weight <= limits.contentBytes
            else {
                throw OneM2MError(
                    .notAcceptable,
                    "\(tree.instanceCount) content instances of \(tree.instanceBytes) bytes are kept, no more fit")
            }
        }
        container.stateTag += 1
        tree.append(instance, to: container)
        return trim(container, now: instance.created)
    }

    /// Lets the oldest go until number, bytes and age are within limits; returns those that went.
    @discardableResult
    func trim(_ container: Resource, now: OneM2MTime) -> [ContentInstances.Instance] {
        let limits = settings.limits
        let most = container.attributes["mni"]?.int ?? limits.instancesPerContainer
        let room = container.attributes["mbs"]?.int ?? limits.contentBytes
        let age = container.attributes["mia"]?.int
        var gone: [ContentInstances.Instance] = []
        while let instances = container.instances, let oldest = instances.oldest {
            let isOld =
                age.map { oldest.created.adding(milliseconds: Int64(clamping: $0).multipliedSafely(by: 1000)) < now }
                ?? false
            let isTooMuch = instances.count > most || instances.bytes > room
            let isTotalTooMuch =
                tree.instanceCount > limits.contentInstances || tree.instanceBytes > limits.contentBytes
            guard isOld || isTooMuch || oldest.expiration <= now || isTotalTooMuch && instances.count > 1 else { break }
            if let removed = tree.removeOldest(of: container) { gone.append(removed) } else { break }
        }
        return gone
    }

    /// The latest or the oldest that has not expired.
    func instance(_ virtual: String, of container: Resource, now: OneM2MTime) throws(OneM2MError)
        -> ContentInstances.Instance
    {
        memory.forget(trim(container, now: now), of: container)
        let found = virtual == "la" ? container.instances?.latest : container.instances?.oldest
        guard let found, found.expiration > now else {
            if virtual == "la" { notifier.happened(.retrievedEmpty, at: container) }
            throw OneM2MError(.notFound, "\(container.address) has no content instance")
        }
        return found
    }
}

extension Int64 {
    func multipliedSafely(by factor: Int64) -> Int64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

extension JSON {
    /// What counts as a content's size: the bytes of a text, or of the JSON of anything else.
    var contentSize: Int {
        if case .string(let text) = self { text.utf8.count } else { weight }
    }
}
