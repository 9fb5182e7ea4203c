import Access
import Concentrator
import OneLoop
import XMPP

extension XMPPDoor {
    // MARK: XEP-0325

    func takeControl(_ request: IQRequest) {
        let expected: IQ.Question = request.payload.name == "set" ? .set : .get
        guard ["set", "getForm"].contains(request.payload.name), request.iq.question == expected else {
            return request.error(
                StanzaError(
                    .badRequest, "set in an iq of the type set, or getForm in one of the type get, was expected"))
        }
        Task {
            do throws(StanzaError) {
                request.result(try await control(request.payload, from: request.from))
            } catch {
                let isOld = settings.dialect(of: request.from) == .y2013 && expected == .set
                request.error(error, payload: isOld ? ControlPayloads.oldFailure(error) : nil)
            }
        }
    }

    /// A `set` in a message is never answered, even when it fails (XEP-0325 3.1).
    func takeControl(_ message: Message, _ payload: XMLElement) {
        guard let from = message.from else { return }
        Task {
            do throws(StanzaError) {
                _ = try await control(payload, from: from)
            } catch {
                log.info("a control message was not done", metadata: ["peer": "\(from.bare)", "reason": "\(error)"])
            }
        }
    }

    private func control(_ payload: XMLElement, from: JID) async throws(StanzaError) -> XMLElement {
        let request: ControlRequest
        let nodes: [NodeID]
        do {
            request = try ControlRequest(payload)
        } catch {
            throw error.stanzaError
        }
        guard !request.nodes.isEmpty else {
            throw StanzaError(.badRequest, "a node was expected: behind this address stand many")
        }
        do throws(NodeError) {
            nodes = try tree.resolve(request.nodes, withDescendants: false)
        } catch {
            throw StanzaError(.itemNotFound, error.reason)
        }
        let names: [String]
        switch request.action {
        case .set(let values): names = values.map(\.name)
        case .submit(let form):
            names = form.fields.compactMap(\.name).filter { $0 != SettingForm.session && $0 != "FORM_TYPE" }
        case .form: names = []
        }
        let answer = await ask(
            from, .control, request.tokens, nodes: NodeReference.asked(nodes), names: names)
        guard let grant = answer.grant else { throw forbidden(answer) }
        let who = from.bare.description
        let allowed = nodes.filter { grant.allows(who, to: .control, NodeReference($0)) }
        guard !allowed.isEmpty else { throw forbidden(answer) }
        if case .form = request.action { return try form(of: allowed, grant, who) }
        let writes = try self.writes(request.action, allowed, grant, who)
        guard !writes.isEmpty else { throw forbidden(answer) }
        do throws(WriteError) {
            try await tree.concentrator.write(writes)
        } catch {
            throw XMPPDoor.stanzaError(error)
        }
        counters.controls += 1
        let actedNodes = allowed.filter { id in writes.contains { $0.node == id } }
        let actedNames = names.filter { name in writes.contains { $0.parameter == name } }
        let isWhole = writes.count == nodes.count * names.count
        return ControlPayloads.response(
            acted: isWhole ? nil : (actedNodes, actedNames),
            code: settings.dialect(of: from) == .y2013 ? .ok : nil)
    }

    /// What is to be written, in the order of the request; every value turned into what its parameter takes, or none.
    private func writes(
        _ action: ControlRequest.Action, _ nodes: [NodeID], _ grant: AccessGrant, _ who: String
    ) throws(StanzaError) -> [NodeWrite] {
        var writes: [NodeWrite] = []
        var problems: [(name: String, reason: String)] = []
        var isUnknown = false
        func add(_ name: String, _ convert: (ParameterKind) -> FieldValue?, _ text: String) {
            for id in nodes where grant.allows(who, to: .control, NodeReference(id), name) {
                guard let parameter = tree.concentrator.node(id)?.parameter(name) else {
                    isUnknown = true
                    problems.append((name, "\(id) has no parameter \"\(name.prefix(80))\""))
                    continue
                }
                guard let value = convert(parameter.kind) else {
                    problems.append((name, "\"\(text.prefix(80))\" is not what \(name) of \(id) takes"))
                    continue
                }
                writes.append(NodeWrite(node: id, parameter: name, value: value))
            }
        }
        switch action {
        case .set(let values): for value in values { add(value.name, { value.value(for: $0) }, value.text) }
        case .submit(let form):
            for field in form.fields {
                guard let name = field.name, name != SettingForm.session, name != "FORM_TYPE", let text = field.value
                else { continue }
                add(name, { SettingForm.parse(text, $0) }, text)
            }
        case .form: break
        }
        guard problems.isEmpty else {
            throw StanzaError(
                isUnknown ? .itemNotFound : .badRequest, problems.first?.reason,
                application: problems.map { ControlPayloads.problem($0.name, $0.reason) })
        }
        return writes
    }

    /// The form of the parameters that all these nodes have and that may be set.
    private func form(of nodes: [NodeID], _ grant: AccessGrant, _ who: String) throws(StanzaError) -> XMLElement {
        let snapshots = nodes.compactMap { tree.concentrator.node($0) }
        guard let first = snapshots.first, snapshots.count == nodes.count else {
            throw StanzaError(.featureNotImplemented, "not all of these nodes can be controlled")
        }
        let common = first.description.parameters.filter { parameter in
            snapshots.allSatisfy { node in
                node.parameter(parameter.name)?.kind == parameter.kind
                    && grant.allows(who, to: .control, NodeReference(node.id), parameter.name)
            }
        }
        guard !common.isEmpty else {
            throw StanzaError(.featureNotImplemented, "there is no parameter that all of these nodes have")
        }
        let page = snapshots.count == 1 ? first.description.displayName : "\(snapshots.count) nodes"
        let lines = common.map { parameter in
            let values = Set(snapshots.map { $0.parameter(parameter.name)?.value })
            return NodeSetting(
                parameter.name, title: parameter.title, page: page, kind: parameter.kind,
                value: values.count == 1 ? parameter.value : nil)
        }
        return SettingForm.form(
            title: page, session: "\(counters.controls)", lines, marksAll: true
        ).element
    }

    /// What was wrong with writes, by parameter.
    private static func stanzaError(_ error: WriteError) -> StanzaError {
        let code = error.failures.first?.error.code
        let problems = error.failures.map { ControlPayloads.problem($0.write.parameter, $0.error.reason) }
        let condition: StanzaError.Condition
        switch (error.code, code) {
        case (.refused, .notFound?), (.refused, .unknownParameter?): condition = .itemNotFound
        case (.refused, .full?): condition = .resourceConstraint
        case (.refused, _): condition = .badRequest
        // The thing did not do it: not the request's fault.
        case (.interrupted, _): condition = .internalServerError
        }
        return StanzaError(condition, error.description, application: problems)
    }
}
