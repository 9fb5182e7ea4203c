import Access
import Concentrator
import FlashStore
import JSONText
import OneLoop
import Pairing
import ProvisioningModel
import XMPP
import XMPPDoor

/// What people ask of trust and of what provisioning servers have said.
extension House {
    private func provisioned() throws(ControlError) -> XMPPHouse {
        guard let xmpp else {
            let reason = missing.first { $0.part == "xmpp" }?.reason ?? "no account is configured; set xmpp.account"
            throw ControlError(.refused, "there is no XMPP door: \(reason)")
        }
        return xmpp
    }

    // MARK: Trust

    func showTrust(_ identifier: String) throws(ControlError) -> JSON {
        let name = provisioningServer(identifier)?.description ?? identifier.lowercased()
        let records = pairing.trusted.filter { $0.candidate.identifier.lowercased() == identifier.lowercased() }
        let server = xmpp?.provisioning.statuses.first { $0.address == name }
        guard !records.isEmpty || server != nil else {
            throw ControlError(
                .notFound, "nobody trusted has the identifier \(identifier); `gatehouse trust list` shows who is")
        }
        return [
            "records": .array(records.map(Self.json)), "locked": .bool(pairing.isLocked),
            "provisioning": server.map(XMPPHouse.json) ?? .null,
            "decisions": .int(xmpp?.decisions.all.count { $0.server == name } ?? 0),
        ]
    }

    /// The provisioning server of this address that is trusted, or stands in the configuration to be.
    func provisioningServer(_ identifier: String) -> JID? {
        guard let address = JID(identifier)?.bare, let client = xmpp?.provisioning else { return nil }
        let isTrusted = client.statuses.contains { $0.address == address.description }
        return isTrusted || client.comesBack(address) != nil ? address : nil
    }

    /// Ends the trust in a provisioning server; what has to be done so that it stays so.
    func dismiss(_ server: JID) async throws(ControlError) -> String {
        guard let client = xmpp?.provisioning else { return "\(server) is no longer trusted." }
        do throws(StoreError) {
            try await client.dismiss(server)
        } catch {
            throw ControlError(
                .failed, "\(server) is no longer trusted until the next start only: \(error.description)")
        }
        guard let reason = client.comesBack(server) else { return "\(server) is no longer trusted." }
        return "\(server) is no longer trusted until the next start, when it is again: \(reason)."
    }

    /// The provisioning servers that the configuration has trusted, in the form of those that the button has.
    var configuredServers: [JSON] {
        let byButton = Set(pairing.trusted.filter { $0.candidate.kind == .xmppServer }.map(\.candidate.identifier))
        return (xmpp?.provisioning.statuses ?? []).filter { !byButton.contains($0.address) }.map { server in
            [
                "identifier": .string(server.address), "kind": .string(Candidate.Kind.xmppServer.rawValue),
                "title": .string("by xmpp.provisioning"), "since": .null,
            ]
        }
    }

    func lockTrust() async throws(ControlError) -> JSON {
        do throws(PairingError) { try await pairing.lock() } catch { throw ControlError(.failed, error.reason) }
        return ["outcome": "Every new knock is refused until a factory reset; who is trusted stays so."]
    }

    // MARK: Decisions

    func decisions(of who: String?) throws(ControlError) -> JSON {
        let wanted = who?.lowercased()
        return .array(
            try provisioned().decisions.all.filter { wanted == nil || $0.question.who == wanted }.map { line in
                let question = line.question
                return [
                    "server": .string(line.server), "who": .string(question.who),
                    "action": .string(Self.word(question.action)),
                    "nodes": question.nodes.map { .array($0.map { .string(Self.text($0)) }) } ?? .null,
                    "names": question.names.map { .array($0.map { .string($0) }) } ?? .null,
                    "tokens": .int(
                        question.tokens.service.count + question.tokens.device.count + question.tokens.user.count),
                    "answer": .string(Self.word(line.answer)), "grant": Self.json(line.answer),
                    "since": .string(Self.time(line.decision.when)), "used": .string(Self.time(line.lastUsed)),
                ]
            })
    }

    /// A decision is about a node, and a field or parameter of it.
    func explain(
        _ who: String, _ name: String, _ field: String?, control: Bool, asks: Bool
    ) async throws(ControlError) -> JSON {
        let house = try provisioned()
        guard let jid = JID(who) else {
            throw ControlError(.badValue, "found \"\(who)\", expected an address such as neighbour@example.net")
        }
        let node = try find(name)
        let id = NodeReference(nodeID: node.id.nodeID, sourceID: node.id.sourceID, cacheType: node.id.cacheType)
        let kinds = field.flatMap { wanted in node.fields.first { $0.name == wanted }?.flags } ?? .momentary
        let question = AccessQuestion(
            who: jid.bare.description, action: control ? .control : .read(ReadingKinds(rawValue: kinds.rawValue)),
            nodes: [id], names: field.map { [$0] })
        let explained = await house.provisioning.explain(question, asks: asks)
        func allows(_ answer: AccessAnswer) -> Bool {
            guard let grant = answer.grant else { return false }
            return field.map { grant.allows(question.who, to: question.action, id, $0) }
                ?? grant.allows(question.who, to: question.action, id)
        }
        let isOwner = house.list.owner?.lowercased() == question.who
        return [
            "who": .string(question.who), "action": .string(Self.word(question.action)), "node": .string("\(node.id)"),
            "name": .string(orNull: field), "allowed": .bool(allows(explained.result)),
            "list": [
                "answer": .string(isOwner ? "owner" : Self.word(explained.own)), "allows": .bool(allows(explained.own)),
                "reason": .string(orNull: Self.reason(explained.own)),
            ],
            "servers": .array(
                explained.replies.map { reply in
                    [
                        "server": .string(reply.server), "answer": .string(Self.word(reply.answer)),
                        "allows": .bool(allows(reply.answer)),
                        "from": .string(
                            reply.when != nil ? "memory" : Self.word(reply.answer) == "none" ? "nobody" : "asked now"),
                        "since": .string(orNull: reply.when.map(Self.time)),
                        "reason": .string(orNull: Self.reason(reply.answer)),
                    ]
                }),
        ]
    }

    func clearDecisions(_ server: String?) async throws(ControlError) -> JSON {
        let house = try provisioned()
        let before = house.decisions.count
        let wanted = server?.lowercased()
        if let wanted, !house.provisioning.statuses.contains(where: { $0.address == wanted }) {
            throw ControlError(.notFound, "no provisioning server \(wanted) is trusted")
        }
        do throws(StoreError) {
            if let wanted { try await house.decisions.clear(wanted) } else { try await house.decisions.clear() }
        } catch {
            throw ControlError(.failed, "what was said is forgotten until the next start only: \(error.description)")
        }
        return ["forgotten": .int(before - house.decisions.count)]
    }

    func privileges(of who: String) async throws(ControlError) -> JSON {
        let house = try provisioned()
        guard let jid = JID(who) else {
            throw ControlError(.badValue, "found \"\(who)\", expected an address such as neighbour@example.net")
        }
        var lists: [JSON] = []
        for found in await house.provisioning.privileges(of: jid) {
            let entries: [JSON] = (found.list?.entries ?? []).map { entry in
                switch entry {
                case .include(let id): ["include": .string(id.text)]
                case .exclude(let id): ["exclude": .string(id.text)]
                }
            }
            var may = JSONObject()
            for privilege in GatewayPrivilege.allCases {
                guard let id = PrivilegeID(privilege.rawValue) else { continue }
                may[privilege.rawValue] = .bool(found.list?.allows(id) ?? false)
            }
            lists.append([
                "server": .string(found.server), "list": found.list == nil ? .null : .array(entries),
                "may": .object(may), "reason": .string(orNull: found.reason.isEmpty ? nil : found.reason),
            ])
        }
        return ["who": .string(jid.bare.description), "servers": .array(lists)]
    }

    // MARK: Words

    private static func word(_ action: AccessQuestion.Action) -> String {
        switch action {
        case .befriend: "befriend"
        case .read: "read"
        case .control: "control"
        case .administer: "administer"
        }
    }

    private static func word(_ answer: AccessAnswer) -> String {
        switch answer {
        case .granted: "granted"
        case .denied: "denied"
        case .unanswered: "none"
        }
    }

    private static func reason(_ answer: AccessAnswer) -> String? {
        switch answer {
        case .granted: nil
        case .denied(let reason), .unanswered(let reason): reason
        }
    }

    private static func text(_ node: NodeReference) -> String {
        node.cacheType.map { "\($0)/\(node.nodeID)" } ?? node.nodeID
    }

    private static func time(_ seconds: Int64) -> String {
        WallTime(millisecondsSince1970: seconds * 1_000).iso8601
    }

    /// The whitelists of a grant; null for all that was asked for.
    private static func json(_ answer: AccessAnswer) -> JSON {
        guard let grant = answer.grant, !grant.isUnrestricted else { return .null }
        return .array(
            grant.parts.map { part in
                [
                    "nodes": part.nodes.map { .array($0.map { .string(text($0)) }) } ?? .null,
                    "names": part.names.map { .array($0.sorted().map { .string($0) }) } ?? .null,
                ]
            })
    }
}
