import Concentrator
import FlashStore
import GPIO
import JSONText
import OCFModel
import OneLoop
import Pairing

extension House {
    /// Opens the control socket.
    func openControl() async throws(ControlError) {
        let server = ControlServer(path: configuration.gateway.control, log: controlLog) {
            [weak self] request, caller in
            self?.serve(request, caller)
        }
        try await server.start(group: configuration.gateway.controlGroup)
        control = server
    }

    private func serve(_ request: ControlRequest, _ caller: ControlCaller) {
        if request == .watch { return events.add(caller) }
        Task {
            do throws(ControlError) {
                caller.succeed(try await answer(request))
            } catch {
                caller.fail(error)
            }
        }
    }

    private func answer(_ request: ControlRequest) async throws(ControlError) -> JSON {
        switch request {
        case .status: return status
        case .nodes: return .array(concentrator.nodes.map(NodeJSON.node))
        case .read(let node, let field): return try read(node, field)
        case .set(let node, let parameter, let value): return try await set(node, parameter, value)
        case .permitJoin(let seconds, let limit): return try permitJoin(seconds, limit)
        case .closeJoin: return closeJoin()
        case .rename(let node, let name): return try rename(node, name)
        case .forget(let node): return try await forget(node)
        case .list(let who, let verdict, let connect): return try await list(who, verdict, connect)
        case .lists: return lists
        case .key(let node, let key): return try await setKey(node, key)
        case .strangers: return strangers
        case .pair(let node, let passkey, let same): return try await pair(node, passkey, same)
        case .trustList: return .array(pairing.trusted.map(Self.json) + configuredServers)
        case .trustRemove(let identifier): return try await removeTrust(identifier)
        case .trustShow(let identifier): return try showTrust(identifier)
        case .trustLock: return try await lockTrust()
        case .decisions(let who): return try decisions(of: who)
        case .decisionsExplain(let who, let node, let name, let control, let asks):
            return try await explain(who, node, name, control: control, asks: asks)
        case .decisionsClear(let server): return try await clearDecisions(server)
        case .privileges(let who): return try await privileges(of: who)
        case .cloudSet(let address, let id, let token, let provider, let trust):
            guard let cloudID = Identifier(id) else {
                throw ControlError(.badValue, "found \"\(id)\" as the cloud's id, expected a UUID")
            }
            try await credentials.keep(anchors: trust)
            try await admitCloud(address: address, id: cloudID, token: token, provider: provider)
            return ["outcome": "The cloud is trusted; `gatehouse status` shows how the registration goes."]
        case .cloudClear: return try await clearCloud()
        case .token(let request): return try await answer(request)
        case .label: return try await label()
        case .press(let time): return try await press(milliseconds: time)
        case .drive(let line, let level): return try drive(line, level)
        case .factoryReset:
            guard await pairing.factoryReset(by: .command) else {
                throw ControlError(.failed, pairing.trouble ?? "the factory reset could not begin")
            }
            return ["outcome": "done"]
        case .watch: return nil
        }
    }

    // MARK: Nodes

    func find(_ name: String) throws(ControlError) -> NodeSnapshot {
        do throws(NodeError) {
            guard let node = concentrator.node(try concentrator.resolve(name)) else {
                throw NodeError(.notFound, "there is no node \(name)")
            }
            return node
        } catch {
            throw ControlError(error)
        }
    }

    private func read(_ name: String, _ field: String?) throws(ControlError) -> JSON {
        let node = try find(name)
        guard let wanted = field else { return NodeJSON.node(node) }
        let fields = node.fields.filter { $0.name.lowercased() == wanted.lowercased() }
        let parameters = node.description.parameters.filter { $0.name.lowercased() == wanted.lowercased() }
        guard !fields.isEmpty || !parameters.isEmpty else {
            let known = (node.fields.map(\.name) + node.description.parameters.map(\.name)).joined(separator: ", ")
            throw ControlError(
                .notFound, "\(node.id) has no \(wanted); it has \(known.isEmpty ? "nothing yet" : known)")
        }
        return [
            "id": .string("\(node.id)"), "fields": .array(fields.map(NodeJSON.field)),
            "parameters": .array(parameters.map(NodeJSON.parameter)),
        ]
    }

    private func set(_ name: String, _ parameter: String, _ text: String) async throws(ControlError) -> JSON {
        let node = try find(name)
        guard let known = node.description.parameters.first(where: { $0.name.lowercased() == parameter.lowercased() })
        else {
            let names = node.description.parameters.map(\.name).joined(separator: ", ")
            throw ControlError(
                .notFound, "\(node.id) has no parameter \(parameter); it has \(names.isEmpty ? "none" : names)")
        }
        let value = try known.kind.value(typed: text)
        do throws(WriteError) {
            try await concentrator.write([NodeWrite(node: node.id, parameter: known.name, value: value)])
        } catch {
            throw ControlError(error)
        }
        return ["node": .string("\(node.id)"), "parameter": .string(known.name), "value": NodeJSON.value(value)]
    }

    // MARK: Trust

    static func json(_ record: TrustRecord) -> JSON {
        [
            "identifier": .string(record.candidate.identifier), "kind": .string(record.candidate.kind.rawValue),
            "title": .string(record.candidate.title),
            "since": .string(WallTime(millisecondsSince1970: record.when).iso8601),
        ]
    }

    private func removeTrust(_ identifier: String) async throws(ControlError) -> JSON {
        let records = pairing.trusted.filter { $0.candidate.identifier.lowercased() == identifier.lowercased() }
        let server = provisioningServer(identifier)
        guard !records.isEmpty || server != nil else {
            throw ControlError(
                .notFound, "nobody trusted has the identifier \(identifier); `gatehouse trust list` shows who is")
        }
        for record in records {
            // An owner's trust is the whole state of the device's security: it goes by a reset, and with it the record.
            if record.candidate.kind == .ocfOwner, let security, security.isOwned {
                do throws(ResourceError) { try await security.reset() } catch {
                    throw ControlError(.failed, error.reason)
                }
                continue
            }
            try await distrust(record.candidate)
            if isPresentCloud(record.candidate) { try await leaveCloud() }
        }
        guard let server else { return ["outcome": .string("\(identifier) is no longer trusted.")] }
        return ["outcome": .string(try await dismiss(server))]
    }

    /// Leaving a cloud takes its trust, too: to come back it must knock, even when it stands in the configuration.
    private func clearCloud() async throws(ControlError) -> JSON {
        let address = cloud.configuration.address
        for record in pairing.trusted where isPresentCloud(record.candidate) { try await distrust(record.candidate) }
        guard !address.isEmpty else { return ["outcome": "There is no cloud to leave."] }
        try await leaveCloud()
        return ["outcome": .string("The gateway leaves \(address) and forgets it.")]
    }

    private func isPresentCloud(_ candidate: Candidate) -> Bool {
        candidate.kind == .ocfCloud && candidate.identifier == cloud.configuration.cloudID.description
    }

    private func distrust(_ candidate: Candidate) async throws(ControlError) {
        do throws(PairingError) { try await pairing.removeTrust(candidate.kind, candidate.identifier) } catch {
            throw ControlError(.failed, error.reason)
        }
    }

    private func leaveCloud() async throws(ControlError) {
        do throws(ResourceError) { try await cloud.update(.disconnect) } catch {
            throw ControlError(.failed, error.reason)
        }
    }

    // MARK: The simulated board

    private func press(milliseconds: Int) async throws(ControlError) -> JSON {
        guard let button = board.button as? MemoryButton else {
            throw ControlError(.refused, "this board is real: its button is pressed by hand")
        }
        guard button.isPressed != true else { throw ControlError(.refused, "the button is being pressed already") }
        button.set(pressed: true)
        await withCheckedContinuation { (done: CheckedContinuation<Void, Never>) in
            Loop.after(.milliseconds(milliseconds)) {
                button.set(pressed: false)
                done.resume()
            }
        }
        return ["outcome": .string("The button was pressed for \(milliseconds) ms.")]
    }

    private func drive(_ line: String, _ level: Bool) throws(ControlError) -> JSON {
        guard let chip = board.simulated else {
            throw ControlError(.refused, "this board is real: its lines are driven by what hangs on them")
        }
        do throws(GPIOError) { try chip.drive(LineSelector(line), high: level) } catch {
            throw ControlError(.badValue, error.reason)
        }
        return ["line": .string(line), "level": .bool(level)]
    }
}
