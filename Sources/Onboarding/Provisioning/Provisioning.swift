import CBOR
import CoAPMessages
import OCFModel

/// Changes what services provision: the device leaves normal operation, is changed, and returns to it whether or not the
/// changes were taken.
///
/// It begins wherever the device is, so that a change that was interrupted in RFPRO or SRESET is healed by the next.
public struct Provisioning: Procedure, Hashable {
    /// The states in which a device is changed.
    public enum Bracket: Sendable, Hashable {
        /// RFPRO: credentials, access control, the domain's name.
        case provisioning
        /// SRESET: besides, who owns the resources.
        case softReset

        var state: OnboardingState { self == .provisioning ? .rfpro : .sreset }
    }

    /// Where it is.
    public enum Step: Sendable, Hashable {
        /// Read pstat.
        case readState
        /// Leave normal operation.
        case enter
        /// Make the change of this place.
        case change(Int)
        /// From SRESET, RFPRO stands between.
        case leaveSoftReset
        /// Return to normal operation.
        case operate
    }

    /// The changes, in order.
    public let changes: [DeviceRequest]
    /// Where they are made.
    public let bracket: Bracket
    /// Where it is.
    public private(set) var step = Step.readState

    private var state = OnboardingState.rfnop
    private var answers: [DeviceAnswer] = []
    private var failure: OnboardingError?

    /// Changes that have not begun.
    public init(_ changes: [DeviceRequest], in bracket: Bracket = .provisioning) {
        self.changes = changes
        self.bracket = bracket
    }

    /// What the step does.
    public var progress: String {
        switch step {
        case .readState: "reading the device's state"
        case .enter: "entering \(bracket.state)"
        case .change(let place): changes[place].name
        case .leaveSoftReset: "entering \(OnboardingState.rfpro)"
        case .operate: "entering \(OnboardingState.rfnop)"
        }
    }

    /// The next action; the outcome is the answers to the changes.
    public mutating func next(_ event: ProcedureEvent) -> ProcedureAction<[DeviceAnswer]> {
        switch event {
        case .begin: return .send(.retrieve(.pstat), .secure)
        case .answered(let answer): return answered(answer)
        case .failed(let fault): return .fail(broken(fault))
        default: return .fail(OnboardingError(.peer, "\(event) came while provisioning"))
        }
    }

    private mutating func answered(_ answer: DeviceAnswer) -> ProcedureAction<[DeviceAnswer]> {
        switch step {
        case .readState: return stateRead(answer)
        case .enter:
            guard answer.code.isSuccess else { return .fail(answer.refusal(of: .enter(bracket.state))) }
            state = bracket.state
            return change(0)
        case .change(let place):
            let request = changes[place]
            guard answer.code.isSuccess || (request.isOptional && answer.code == .notFound) else {
                failure = answer.refusal(of: request)
                return leave()
            }
            answers.append(answer)
            return change(place + 1)
        case .leaveSoftReset:
            guard answer.code.isSuccess else { return .fail(stuck(answer, .rfpro)) }
            return operate()
        case .operate:
            guard answer.code.isSuccess else { return .fail(stuck(answer, .rfnop)) }
            if let failure { return .fail(failure) }
            return .finish(answers)
        }
    }

    private mutating func stateRead(_ answer: DeviceAnswer) -> ProcedureAction<[DeviceAnswer]> {
        guard answer.code.isSuccess else { return .fail(answer.refusal(of: .retrieve(.pstat))) }
        do {
            state = try ProvisioningStatus(representation: answer.body).state
        } catch {
            return .fail(OnboardingError(.peer, "the device's pstat cannot be read: \(error.reason)"))
        }
        switch state {
        case .rfpro where bracket == .provisioning, .sreset where bracket == .softReset: return change(0)
        case .rfnop, .rfpro, .sreset:
            step = .enter
            return .send(.enter(bracket.state), .secure)
        case .rfotm, .reset:
            return .fail(
                OnboardingError(
                    .wrongState, "the device is in \(state): nobody owns it. Own it by `gatehouse-onboard own`"))
        }
    }

    private mutating func change(_ place: Int) -> ProcedureAction<[DeviceAnswer]> {
        guard place < changes.count else { return leave() }
        step = .change(place)
        return .send(changes[place], .secure)
    }

    private mutating func leave() -> ProcedureAction<[DeviceAnswer]> {
        guard bracket == .softReset else { return operate() }
        step = .leaveSoftReset
        return .send(.enter(.rfpro), .secure)
    }

    private mutating func operate() -> ProcedureAction<[DeviceAnswer]> {
        step = .operate
        return .send(.enter(.rfnop), .secure)
    }

    private func stuck(_ answer: DeviceAnswer, _ state: OnboardingState) -> OnboardingError {
        let before = failure.map { "\($0.reason). Then " } ?? ""
        return OnboardingError(
            .interrupted,
            "\(before)\(answer.refusal(of: .enter(state)).reason), so that the device does not operate. Mend what it names "
                + "by another command, which begins where the device is, or reset it")
    }

    private func broken(_ fault: LinkFault) -> OnboardingError {
        switch step {
        case .readState: return fault.error
        default:
            return OnboardingError(
                .interrupted,
                "the device is gone (\(fault.reason)) in the middle of a change, and may wait in \(bracket.state). Run the "
                    + "same command again once it is back: it begins where the device is")
        }
    }
}

extension Provisioning {
    /// Names other devices as CMS and AMS, which the DOTS does in SRESET, and gives the device the keys it will share with
    /// them. The DOTS itself stays: whoever names another in its place could not bring the device back to operation.
    public static func naming(_ hosts: [SecurityService: ServiceHost]) -> Provisioning {
        var changes: [DeviceRequest] = []
        var keys: [Identifier: [UInt8]] = [:]
        for host in hosts.values { keys[host.id] = host.key }
        let entries = keys.sorted { $0.key.description < $1.key.description }.map { id, key in
            Credential.pairwiseKey(key, with: id)
        }
        let update = CredentialList.Update(
            entries: entries.isEmpty ? nil : entries, owner: hosts[.cms]?.id)
        if update.entries != nil || update.owner != nil { changes.append(.update(.cred, update.representation)) }
        if let ams = hosts[.ams] {
            changes.append(.update(.acl2, AccessControlList.Update(owner: ams.id).representation))
        }
        return Provisioning(changes, in: .softReset)
    }
}
