import CBOR
import CoAPMessages
import OCFModel

/// Makes a device that nobody owns ours: owner transfer by manufacturer's certificate, PIN or just works, then
/// provisioning to RFNOP. Also goes on with a transfer that was interrupted after the device knew its owner.
public struct OwnershipTransfer: Procedure, Hashable {
    /// The settings.
    public let settings: TransferSettings
    /// Where it is.
    public private(set) var step = TransferStep.readMethods

    /// Chosen among what the device offers.
    private(set) var method = OwnerTransferMethod.unselected
    /// The id the device has until it is given another.
    private(set) var temporaryID = Identifier.none
    /// Derived from the ownership connection.
    private var key: [UInt8] = []
    private var pinsTyped = 0
    private var waited = 0
    private var isResuming = false

    /// A transfer that has not begun.
    public init(_ settings: TransferSettings) {
        self.settings = settings
    }

    /// What the step does.
    public var progress: String { step.text }

    /// Seconds between attempts while a person walks to the button; short enough that the lamp's answer is soon seen.
    static let retryDelay = 3
    /// Longest wait before a device is asked again, whatever its Max-Age says: a person may stand at its button.
    static let longestDelay = 10
    /// What a handshake without an answer took: the session's own time-out.
    static let handshakeSeconds = Int(LinkTiming.handshakeSeconds)

    /// The next action.
    public mutating func next(_ event: ProcedureEvent) -> ProcedureAction<OwnedDevice> {
        switch (step, event) {
        case (.readMethods, .begin), (.readMethods, .waited): return perform()
        case (.readMethods, .answered(let answer)): return methodsRead(answer)
        case (.selectMethod, .answered(let answer)): return methodSelected(answer)
        case (.readPIN, .typed(let pin)): return pinTyped(pin)
        case (.openConnection, .connected(let secrets)): return connected(secrets)
        case (.reconnect, .connected): return enter(.readState)
        case (.readState, .answered(let answer)): return stateRead(answer)
        case (.keepRecord, .kept): return enter(.setOwned)
        case (.keepOwned, .kept): return .finish(record(.owned))
        case (_, .answered(let answer)): return answered(answer)
        case (_, .failed(let fault)): return failed(fault)
        default: return .fail(OnboardingError(.peer, "\(event) came while \(step.text)"))
        }
    }

    // MARK: Before the connection

    private mutating func methodsRead(_ answer: DeviceAnswer) -> ProcedureAction<OwnedDevice> {
        // Once a device has an owner, its doxm is closed to plain CoAP.
        if [.unauthorized, .forbidden].contains(answer.code) {
            // One that has put us off before has no owner, but another who is about to be.
            return waited > 0 ? wait(answer) : resume(nil)
        }
        guard answer.code.isSuccess else { return .fail(answer.refusal(of: .retrieve(.doxm))) }
        let doxm: OwnerTransferMethods
        do {
            doxm = try OwnerTransferMethods(representation: answer.body)
        } catch {
            return .fail(OnboardingError(.peer, "the device's doxm cannot be read: \(error.reason)"))
        }
        if doxm.isOwned { return resume(doxm) }
        temporaryID = doxm.deviceID
        let offered = doxm.supported.map { "\($0)" }.joined(separator: ", ")
        if let wanted = settings.method {
            guard doxm.supported.contains(wanted) else {
                return .fail(
                    OnboardingError(
                        .methodNotOffered, "the device does not offer \(wanted); it offers \(offered)"))
            }
            method = wanted
        } else if let best = Self.preferred.first(where: { doxm.supported.contains($0) }) {
            method = best
        } else {
            return .fail(
                OnboardingError(
                    .methodNotOffered,
                    "the device offers \(offered.isEmpty ? "no method" : offered); expected a manufacturer's "
                        + "certificate or a PIN. Just works has to be asked for by --just-works"))
        }
        return enter(.selectMethod)
    }

    /// Without being asked for one: what proves the device, then what proves that the person sees it.
    private static let preferred: [OwnerTransferMethod] = [.manufacturerCertificate, .randomPIN]

    private mutating func methodSelected(_ answer: DeviceAnswer) -> ProcedureAction<OwnedDevice> {
        if answer.code == .serviceUnavailable { return wait(answer) }
        guard answer.code.isSuccess else { return .fail(refusal(answer)) }
        return enter(method == .randomPIN ? .readPIN : .openConnection)
    }

    private mutating func pinTyped(_ pin: String?) -> ProcedureAction<OwnedDevice> {
        guard let pin, !pin.isEmpty else {
            return .fail(OnboardingError(.wrongPIN, "no PIN was given; the device shows one. \(unchanged)"))
        }
        step = .openConnection
        pinsTyped += 1
        return .connect(.pin(pin, device: temporaryID))
    }

    private mutating func connected(_ secrets: SessionSecrets?) -> ProcedureAction<OwnedDevice> {
        guard let secrets,
            let key = KeyDerivation.ownerKey(
                secrets, method: method, owner: settings.owner, deviceID: settings.deviceID)
        else {
            return .fail(OnboardingError(.peer, "no owner's key can be derived from this connection. \(unchanged)"))
        }
        self.key = key
        // It was the right one, should all of this begin anew.
        pinsTyped = 0
        return enter(.chooseMode)
    }

    // MARK: On the connection

    private mutating func answered(_ answer: DeviceAnswer) -> ProcedureAction<OwnedDevice> {
        guard let request = request(of: step) else {
            return .fail(OnboardingError(.peer, "an answer came while \(step.text)"))
        }
        // The device ends a connection whose turn it is not.
        if step == .chooseMode, answer.code == .serviceUnavailable { return wait(answer) }
        guard answer.code.isSuccess || (request.isOptional && answer.code == .notFound) else {
            return .fail(refusal(answer))
        }
        return advance()
    }

    private mutating func advance() -> ProcedureAction<OwnedDevice> {
        guard var following = TransferStep(rawValue: step.rawValue + 1) else {
            return .fail(OnboardingError(.peer, "nothing follows \(step.text)"))
        }
        if following == .setServiceKeys, settings.foreignHosts.isEmpty { following = .setDomain }
        return enter(following)
    }

    mutating func enter(_ step: TransferStep) -> ProcedureAction<OwnedDevice> {
        self.step = step
        return perform()
    }

    private mutating func perform() -> ProcedureAction<OwnedDevice> {
        if let request = request(of: step) {
            return .send(request, step < .readPIN ? .plain : .secure)
        }
        switch step {
        case .readPIN: return .askPIN
        case .openConnection:
            return .connect(method == .justWorks ? .anonymous : .manufacturerCertificate)
        case .reconnect: return .connect(.key(key))
        case .keepRecord: return .keep(record(.begun))
        case .keepOwned: return .keep(record(.owned))
        default: return .fail(OnboardingError(.peer, "nothing is to be done while \(step.text)"))
        }
    }

    private func record(_ stage: OwnedDevice.Stage) -> OwnedDevice {
        if isResuming, var earlier = settings.earlier {
            earlier.stage = stage
            earlier.address = settings.address
            return earlier
        }
        return OwnedDevice(
            id: settings.deviceID, name: settings.name, key: key, stage: stage, method: method,
            address: settings.address, services: settings.services)
    }

    // MARK: After an interruption

    private mutating func resume(_ doxm: OwnerTransferMethods?) -> ProcedureAction<OwnedDevice> {
        if let doxm, doxm.deviceOwner != settings.owner {
            return .fail(
                OnboardingError(
                    .ownedByAnother,
                    "the device is owned by \(doxm.deviceOwner); its owner has to reset it, or its button"))
        }
        guard let earlier = settings.earlier, doxm == nil || earlier.id == doxm?.deviceID else {
            return .fail(
                OnboardingError(
                    .ownedByAnother,
                    "the device has an owner, or is being owned by somebody at this moment. If its owner is this tool, take "
                        + "the backup of the state directory that has its key; else reset the device by its button"))
        }
        guard earlier.stage == .begun else {
            return .fail(OnboardingError(.exists, "the device \(earlier.id) is yours already"))
        }
        isResuming = true
        key = earlier.key
        method = earlier.method
        return enter(.reconnect)
    }

    private mutating func stateRead(_ answer: DeviceAnswer) -> ProcedureAction<OwnedDevice> {
        guard answer.code.isSuccess else { return .fail(refusal(answer)) }
        let pstat: ProvisioningStatus
        do {
            pstat = try ProvisioningStatus(representation: answer.body)
        } catch {
            return .fail(OnboardingError(.peer, "the device's pstat cannot be read: \(error.reason)"))
        }
        switch pstat.state {
        case .rfpro:
            // Another AMS's list is not ours to write; it has the device's key by now.
            return enter(settings.earlier?.services.ams == settings.owner ? .clearAccess : .operate)
        case .rfnop: return enter(.keepOwned)
        case .rfotm, .reset, .sreset:
            return .fail(
                OnboardingError(
                    .interrupted,
                    "the device was left in \(pstat.state) by an interrupted transfer; reset it by its button, and own it "
                        + "again"))
        }
    }

    // MARK: Failure

    /// Waits for the person, unless patience is at its end.
    private mutating func wait(_ answer: DeviceAnswer) -> ProcedureAction<OwnedDevice> {
        wait(seconds: min(max(answer.retryAfter ?? Self.retryDelay, 1), Self.longestDelay))
    }

    /// Everything begins anew then, since the device has ended the connection, or never made one.
    private mutating func wait(seconds: Int, spent: Int = 0) -> ProcedureAction<OwnedDevice> {
        waited += seconds + spent
        guard waited <= settings.patience else { return .fail(nobody) }
        step = .readMethods
        return .wait(seconds: seconds, .pressButton)
    }

    private mutating func failed(_ fault: LinkFault) -> ProcedureAction<OwnedDevice> {
        switch (step, fault) {
        case (.openConnection, .timeout) where method != .randomPIN:
            return wait(seconds: 1, spent: Self.handshakeSeconds)
        case (.chooseMode, .timeout): return .fail(nobody)
        case (.openConnection, .handshakeRefused), (.openConnection, .closed), (.openConnection, .timeout):
            guard method == .randomPIN else { return .fail(notAllowed(fault.reason)) }
            guard pinsTyped < settings.pinAttempts else {
                return .fail(
                    OnboardingError(
                        .wrongPIN, "the device did not take the PIN, \(pinsTyped) times (\(fault.reason)). \(unchanged)"
                    ))
            }
            return enter(.readMethods)
        case (.openConnection, .untrusted(let reason)):
            return .fail(
                OnboardingError(
                    .untrusted,
                    "the device's manufacturer is not trusted here: \(reason). When it should be, add its root by "
                        + "`gatehouse-onboard ca trust FILE`. \(unchanged)"))
        case (.reconnect, .handshakeRefused(let reason)):
            return .fail(
                OnboardingError(
                    .interrupted,
                    "the device does not take the key of the interrupted transfer (\(reason)); reset it by its button, "
                        + "and own it again"))
        default: return .fail(broken(fault))
        }
    }
}
