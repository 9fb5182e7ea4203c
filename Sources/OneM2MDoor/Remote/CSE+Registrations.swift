import JSONText
import OneLoop
import OneM2MPrimitives

/// What the way to other CSEs has to know of the resources here, and puts there.
extension CSE {
    /// How a CSE that is registered here is reached; nil for one that is not.
    func reachability(of entity: EntityID) -> RemoteRouter.Reachability? {
        guard let csr = remoteCSE(entity) else { return nil }
        let points = csr.attributes["poa"]?.array?.compactMap(\.string) ?? []
        return RemoteRouter.Reachability(points: points, isReachable: csr.attributes["rr"]?.bool ?? !points.isEmpty)
    }

    /// The `<remoteCSE>` of a CSE.
    func remoteCSE(_ entity: EntityID) -> ResourceView? {
        resources(.remoteCSE).first { view in
            view.attributes["csi"]?.string.flatMap { EntityID($0, at: identity) } == entity
        }
    }

    /// What our `<remoteCSE>` at a registrar says of this CSE (TS-0001 9.6.4).
    func selfDescription() -> JSONObject {
        let base = resource("-")?.attributes ?? JSONObject()
        var description: JSONObject = [
            "cb": .string("\(identity.entity.spRelative)/\(identity.baseName)"),
            "csi": .string(identity.entity.spRelative), "cst": base["cst"] ?? .int(settings.kind.rawValue),
            "rr": base["rr"] ?? false, "srv": base["srv"] ?? ["3"],
        ]
        if let points = base["poa"]?.array, !points.isEmpty { description["poa"] = base["poa"] }
        return description
    }

    /// Shows the registrar as a `<remoteCSE>` here, by the attributes of its CSEBase.
    func mirror(_ registrar: RegistrarSettings, base: JSON) async throws(OneM2MError) {
        var attributes: JSONObject = [
            "cb": .string(registrar.base(from: identity)), "csi": .string(registrar.cse.text(at: identity)),
            "rr": true, "poa": [.string("\(registrar.point)")],
        ]
        for name in ["cst", "srv", "nl"] { attributes[name] = base[name] }
        if let name = base["rn"]?.string {
            attributes["cb"] = .string("\(registrar.cse.text(at: identity))/\(name)")
        }
        if let known = remoteCSE(registrar.cse) {
            var changes = JSONObject()
            for member in attributes where known.attributes[member.name] != member.value {
                changes[member.name] = member.value
            }
            // No flash write when nothing changed.
            if !changes.isEmpty { try await change(known.resourceID, changes) }
        } else {
            _ = try await add(
                .remoteCSE, under: "-", name: registrar.cse.cseID, attributes: attributes, creator: registrar.cse,
                isKept: false)
        }
    }
}

extension CSE {
    /// Brings a request to a CSE that fetches what is for it; nil when it has no polling channel here.
    func sendOverPollingChannel(_ request: RequestPrimitive, of entity: EntityID) async -> ResponsePrimitive? {
        guard let csr = remoteCSE(entity), let resource = tree.byID[csr.resourceID],
            let channel = resource.children.first(where: { $0.type == .pollingChannel })
        else { return nil }
        return await polling.send(request, over: channel.id, at: clock())
    }

    /// Delivers at once what waits: the way to others is open again.
    func retryNotifications() { notifier.resume() }
}
