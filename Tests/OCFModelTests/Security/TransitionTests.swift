import CoAPMessages
import OCFModel
import Testing

/// The onboarding states: which follows which, what each demands and sets.
@Suite struct TransitionTests {
    /// From each state to each, in the order of the numbers: y, n, or e where only the entry checks decide.
    static let table: [[Character]] = [
        ["y", "y", "n", "n", "n"],
        ["y", "e", "y", "y", "n"],
        ["y", "n", "y", "y", "y"],
        ["y", "n", "y", "y", "y"],
        ["y", "n", "y", "n", "y"],
    ]

    static let pairs = OnboardingState.allCases.flatMap { from in OnboardingState.allCases.map { (from, $0) } }

    @Test("each transition", arguments: pairs)
    func transition(_ from: OnboardingState, _ next: OnboardingState) throws {
        let before = try SecurityHouse.device(in: from)
        var state = before
        let expected = Self.table[from.rawValue][next.rawValue]
        #expect(from.mayBecome(next) == (expected != "n"))
        let update = ProvisioningStatus.Update(state: next)
        let context = SecurityHouse.owner(in: from)
        switch (expected, from) {
        case ("y", .reset):
            // A reset that is under way goes on.
            #expect(try state.apply(update, context).effects == [])
            #expect(state == before)
        case ("y", _):
            let outcome = try state.apply(update, context)
            #expect(state.state == next)
            #expect(outcome.kind == .changed)
            #expect(outcome.effects.contains(.stateChanged(next)) == (from != next))
            #expect(outcome.effects.contains(.store) == (from != next))
        default:
            // A claimed device is no clean RFOTM.
            let error = #expect(throws: ResourceError.self) { try state.apply(update, context) }
            #expect(error?.code == .badRequest)
            #expect(state == before)
        }
    }

    @Test("RFOTM again while nobody has claimed the device")
    func cleanAgain() throws {
        var state = try SecurityHouse.transferring()
        _ = try state.apply(ProvisioningStatus.Update(state: .rfotm), SecurityHouse.owning)
        #expect(state.state == .rfotm)
    }

    static let entries: [(OnboardingState, Bool, Bool, Int, Int)] = [
        (.reset, true, false, 1, 2), (.rfotm, false, false, 2, 0), (.rfpro, false, false, 0, 0),
        (.rfnop, false, true, 0, 0), (.sreset, false, false, 1, 0),
    ]

    @Test("what each state sets", arguments: entries.indices)
    func entryValues(_ index: Int) throws {
        let (wanted, isPending, isOperational, current, target) = Self.entries[index]
        var state = try SecurityHouse.device(in: wanted == .rfotm ? .reset : wanted)
        if wanted == .rfotm {
            _ = state.finishReset(deviceID: SecurityHouse.firstID, presets: SecurityHouse.presets)
        }
        #expect(state.pstat.state == wanted)
        #expect(state.pstat.isPending == isPending)
        #expect(state.pstat.isOperational == isOperational)
        #expect(state.pstat.currentMode.rawValue == current)
        #expect(state.pstat.targetMode.rawValue == target)
        let defaults = wanted == .reset || wanted == .rfotm
        #expect(state.pstat.operationalMode.rawValue == (defaults ? 3 : 4))
        #expect(state.pstat.supportedModes.rawValue == 4)
    }

    @Test("a target mode does not survive a transition")
    func targetMode() throws {
        var state = try SecurityHouse.device(in: .rfpro)
        _ = try state.apply(
            ProvisioningStatus.Update(state: .rfnop, targetMode: .credentials), SecurityHouse.owning)
        #expect(state.pstat.targetMode == [])
        let outcome = try state.apply(
            ProvisioningStatus.Update(targetMode: .credentials), SecurityHouse.from(SecurityHouse.tool))
        #expect(state.pstat.targetMode == .credentials)
        #expect(outcome.effects.contains(.provisioningWanted(.credentials)))
    }

    typealias Spoil = @Sendable (inout SecurityState) throws -> Void

    static let spoils: [(String, Spoil)] = [
        (
            "devowneruuid",
            { _ = try $0.apply(OwnerTransferMethods.Update(deviceOwner: Identifier.none), SecurityHouse.owning) }
        ),
        (
            "deviceuuid",
            { _ = try $0.apply(OwnerTransferMethods.Update(deviceID: Identifier.none), SecurityHouse.owning) }
        ),
        (
            "doxm.rowneruuid",
            { _ = try $0.apply(OwnerTransferMethods.Update(owner: Identifier.none), SecurityHouse.owning) }
        ),
        (
            "pstat.rowneruuid",
            { _ = try $0.apply(ProvisioningStatus.Update(owner: Identifier.none), SecurityHouse.owning) }
        ),
        (
            "cred.rowneruuid",
            { _ = try $0.apply(.update(CredentialList.Update(owner: Identifier.none)), SecurityHouse.owning) }
        ),
        (
            "acl2.rowneruuid",
            { _ = try $0.apply(.update(AccessControlList.Update(owner: Identifier.none)), SecurityHouse.owning) }
        ),
        ("owned", { _ = try $0.apply(OwnerTransferMethods.Update(isOwned: false), SecurityHouse.owning) }),
        ("no credential", { _ = try $0.apply(CredentialList.Change.delete(.all), SecurityHouse.owning) }),
        (
            "no credential",
            { _ = try $0.apply(.update(AccessControlList.Update(owner: SecurityHouse.other)), SecurityHouse.owning) }
        ),
    ]

    @Test("what RFPRO, RFNOP and SRESET demand", arguments: spoils.indices, [OnboardingState.rfpro, .rfnop])
    func entryChecks(_ index: Int, _ next: OnboardingState) throws {
        let (name, spoil) = Self.spoils[index]
        var state = try SecurityHouse.claimed()
        #expect(state.entryFault(.sreset) == nil)
        try spoil(&state)
        let before = state
        let error = #expect(throws: ResourceError.self) {
            try state.apply(ProvisioningStatus.Update(state: next), SecurityHouse.owning)
        }
        #expect(error?.code == .badRequest)
        #expect(error?.reason.contains(name) == true)
        #expect(state == before)
        #expect(state.entryFault(.sreset)?.contains(name) == true)
    }

    @Test("SRESET and RFNOP check again")
    func checksLater() throws {
        var state = try SecurityHouse.device(in: .rfpro)
        _ = try state.apply(CredentialList.Change.delete(.all), SecurityHouse.owning)
        for next in [OnboardingState.rfnop, .sreset, .rfpro] {
            #expect(throws: ResourceError.self) {
                try state.apply(ProvisioningStatus.Update(state: next), SecurityHouse.owning)
            }
        }
    }

    @Test("an update that fails changes nothing, its other properties neither")
    func atomic() throws {
        var state = try SecurityHouse.device(in: .sreset)
        let before = state
        #expect(throws: ResourceError.self) {
            try state.apply(
                ProvisioningStatus.Update(
                    state: .rfnop, targetMode: .credentials, operationalMode: .serverDirectedSingle,
                    owner: SecurityHouse.other), SecurityHouse.from(SecurityHouse.tool))
        }
        #expect(state == before)
    }

    @Test("a reset", arguments: [OnboardingState.rfotm, .rfpro, .rfnop, .sreset])
    func reset(_ from: OnboardingState) throws {
        var state = try SecurityHouse.device(in: from)
        let counters = state.counters
        let outcome = try state.apply(ProvisioningStatus.Update(state: .reset), SecurityHouse.owner(in: from))
        #expect(outcome.effects.contains(.reset(deregistersFromCloud: from == .rfnop)))
        #expect(outcome.effects.contains(.store))
        #expect(state.pstat.isPending)
        // Asked again, it is under way already.
        #expect(state.beginReset() == [])
        let effects = state.finishReset(deviceID: SecurityHouse.other, presets: SecurityHouse.presets)
        #expect(effects.contains(.deviceIDChanged(SecurityHouse.other)) && effects.contains(.store))
        var fresh = SecurityState(
            deviceID: SecurityHouse.other, presets: SecurityHouse.presets, counters: counters)
        #expect(state == fresh)
        #expect(state.counters.credential > 1, "numbers are not given again")
        #expect(fresh.abandonOwnerTransfer() == [] && state.ownershipConnection == nil)
    }
}
