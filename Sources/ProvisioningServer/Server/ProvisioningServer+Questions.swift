import NIOCore
import OneLoop
import ProvisioningModel
import XMPP

extension ProvisioningServer {
    // MARK: Friends

    func answer(_ question: FriendQuestion, _ request: IQRequest) {
        admitted(request) { device in
            if !device.asksFriends {
                self.devices[device.jid]?.asksFriends = true
                self.touched.insert(device.jid)
            }
            let who = Address(question.jid).text
            let reply = { (isFriend: Bool) in
                self.counters.questions += 1
                if isFriend { self.counters.granted += 1 }
                request.result(
                    FriendAnswer(
                        to: question, isFriend: isFriend,
                        allowsSecondaryTrust: (self.devices[device.jid]?.secondaryTrust ?? self.allowsSecondaryTrust)
                    ).element)
            }
            // Who asks us trusts us.
            if who == Address(self.session.account).text { return reply(true) }
            let asked = Question(.friend, device: device.jid, who: who)
            var ruling = self.index.decide(asked)
            // A pair that was made friends from the other's side is one too.
            if ruling.isUndecided, self.index.pairs(.friend, device: who, who: device.jid) {
                ruling = Ruling(grant: Grant())
            }
            self.conclude(asked, ruling, request) { reply($0 != nil) }
        }
    }

    // MARK: Reading and controlling

    func answer(_ question: ReadQuestion, _ request: IQRequest) {
        decide(
            .read, question.jid, question.tokens, question.nodes, question.fields, request
        ) { grant in
            guard let grant else { return request.result(ReadAnswer.denied(question).element) }
            request.result(ReadAnswer(to: question, nodes: grant.nodes ?? [], fields: grant.names ?? []).element)
        }
    }

    func answer(_ question: ControlQuestion, _ request: IQRequest) {
        decide(
            .control, question.jid, question.tokens, question.nodes, question.parameters, request
        ) { grant in
            guard let grant else { return request.result(ControlAnswer.denied(question).element) }
            request.result(ControlAnswer(to: question, nodes: grant.nodes ?? [], parameters: grant.names ?? []).element)
        }
    }

    private func decide(
        _ action: Action, _ jid: JID, _ tokens: ProvisioningTokens, _ nodes: [ProvisioningNode], _ names: [String],
        _ request: IQRequest, reply: @escaping (Grant?) -> Void
    ) {
        admitted(request) { device in
            self.note(nodes, names, of: device.jid)
            let counted = { (grant: Grant?) in
                self.counters.questions += 1
                if grant != nil { self.counters.granted += 1 }
                reply(grant)
            }
            let question = Question(action, device: device.jid, who: Address(jid).text, nodes: nodes, names: names)
            let ruling = self.index.decide(question, known: self.things[device.jid] ?? KnownThings())
            // More than everything is not to be had by tokens.
            if tokens.isEmpty || ruling.grant == Grant() {
                return self.conclude(question, ruling, request, counted)
            }
            self.later(request) {
                let shown = try await self.identities(tokens, question, through: request.from)
                var whole = question
                whole.certificates = shown.certificates
                whole.users = shown.users
                let ruling = self.index.decide(whole, known: self.things[device.jid] ?? KnownThings())
                self.conclude(whole, ruling, request, counted)
            }
        }
    }

    /// Answers by a ruling: notes what nobody has decided, and takes away what was for this question alone.
    private func conclude(
        _ question: Question, _ ruling: Ruling, _ request: IQRequest, _ reply: @escaping (Grant?) -> Void
    ) {
        if ruling.isUndecided, let kind = PendingRequest.Kind(rawValue: question.action.rawValue) {
            note(
                PendingNote(
                    kind: kind, device: question.device, who: question.who, nodes: question.nodes,
                    names: question.names, certificates: question.certificates))
        }
        guard ruling.grant != nil, !ruling.spent.isEmpty else { return reply(ruling.grant) }
        // From now on no other question has them; the answer waits until the disk has it too.
        for id in ruling.spent {
            index.remove(id)
            spentRules.insert(id)
        }
        let spent = ruling.spent
        later(request) {
            let now = self.wallClock()
            try await self.database.changing(by: question.device, now: now) { try $0.spend(spent) }
            reply(ruling.grant)
            try await self.follow()
            self.spentRules.subtract(spent)
        }
    }

    /// Questions for a person that wait to be written; as many as may be pending of one device, a hundred times.
    private static let mostNotes = ServerLimits.pending

    func note(_ note: PendingNote) {
        guard pendingNotes.count < Self.mostNotes else { return }
        pendingNotes.append(note)
    }

    /// Keeps in mind what a device has, as far as its questions tell.
    private func note(_ nodes: [ProvisioningNode], _ names: [String], of device: String) {
        var known = things[device] ?? KnownThings()
        func isNew() -> Bool { known.nodes.count + known.names.count < ServerLimits.knownThings }
        for node in nodes where isNew() && node.isPath {
            if known.nodes.insert(node).inserted { newThings[device, default: []].append((true, node.path)) }
        }
        for name in names where isNew() && Ledger.isOneLine(name) {
            if known.names.insert(name).inserted { newThings[device, default: []].append((false, name)) }
        }
        things[device] = known
    }

    // MARK: Who may ask

    /// Goes on for a device that is let in. Others are told that they are not, which is no answer to their question: nothing
    /// of it is to be remembered.
    func admitted(_ request: IQRequest, _ body: @escaping (DeviceRecord) -> Void) {
        let address = Address(request.from).text
        switch devices[address]?.state {
        case .admitted?:
            if let device = devices[address] { body(device) }
        case .waiting?, .refused?: turnAway(request)
        case nil:
            guard settings.admission != .none else { return turnAway(request) }
            later(request) {
                let admits = self.settings.admission == .all
                let now = self.wallClock()
                let isNoted = try await self.database.changing(by: address, now: now) {
                    try $0.meet(address, admits: admits)
                }
                guard isNoted else { return self.turnAway(request) }
                try await self.follow()
                self.met(request.from)
                guard let device = self.devices[address], device.state == .admitted else {
                    return self.turnAway(request)
                }
                body(device)
            }
        }
    }

    private func turnAway(_ request: IQRequest) {
        counters.refused += 1
        request.error(
            StanzaError(
                .forbidden, "this server does not answer you; its operator has to let you in first", kind: .cancel))
    }
}
