import FlashStore
import JSONText
import OCFDoor
import OCFModel
import OneLoop
import Pairing

/// The device on the local network, and what owning it means for the rest of the house.
extension House {
    /// Opens the door to the local network. Ports that cannot be had are a degraded state, and the rest goes on.
    func startLocal() async {
        guard let local else { return }
        do {
            try await local.start()
        } catch {
            missing.append(("ocf", "the local network is not served: \(error.reason)"))
        }
    }

    /// What the security and the rest of the house must hear of each other.
    func connectSecurity() {
        guard let security else { return }
        security.observe { [weak self] effect in
            switch effect {
            case .stateChanged(let state):
                self?.events.send(["kind": "onboarding", "state": .string("\(state)")])
                self?.recordOwner()
            case .credentialsChanged: self?.credentials.changed()
            default: break
            }
        }
        local?.onPIN = { [weak self] pin in self?.events.send(["kind": "pin", "pin": .string(orNull: pin)]) }
        // What an owner can reset is what an owner was trusted with: the device and its cloud. Nodes, and others who are
        // trusted, stay.
        security.onReset { [weak self] _ in
            guard let self else { return }
            self.device.trustedCloud = nil
            try await self.cloud.factoryReset()
            for record in self.pairing.trusted where record.candidate.kind.isOCF {
                try await self.pairing.removeTrust(record.candidate.kind, record.candidate.identifier)
            }
            try await self.credentials.forget()
        }
        recordOwner()
    }

    /// Keeps the record of trust in the owner as the security state has it: that is the truth, and a power cut may fall
    /// between the two.
    func recordOwner() {
        guard let security, security.state.state != .reset else { return }
        let owner = security.owner.map { Candidate(kind: .ocfOwner, identifier: $0.description, title: "owner \($0)") }
        Task {
            do throws(PairingError) {
                for record in pairing.trusted where record.candidate.kind == .ocfOwner && record.candidate != owner {
                    try await pairing.removeTrust(.ocfOwner, record.candidate.identifier)
                }
                if let owner { try await pairing.record(owner) }
            } catch {
                log.error("the owner's record of trust cannot be kept", metadata: ["reason": "\(error.reason)"])
            }
        }
    }

    /// The device on the local network, for `gatehouse status`.
    var localStatus: JSON {
        guard let security, let local else { return ["local": false] }
        var status: JSONObject = [
            "local": true, "state": .string("\(security.state.state)"),
            "owner": .string(orNull: security.owner?.description),
            "methods": .array(security.state.doxm.supported.map { .string("\($0)") }),
            "port": .int(local.port ?? 0), "secure_port": .int(local.securePort ?? 0),
            "sessions": .int(local.sessionCount),
        ]
        if let pin = local.pin { status["pin"] = .string(pin) }
        return .object(status)
    }
}

extension Candidate.Kind {
    /// Whether it is one of the OCF device's.
    var isOCF: Bool {
        switch self {
        case .ocfCloud, .ocfMediator, .ocfOwner: true
        case .xmppServer: false
        }
    }
}

extension Pairing {
    /// Rings for somebody who wants to own the device. Its lasting name comes with the transfer.
    func ask(_ attempt: OwnershipAttempt) async -> OwnershipPermission {
        let candidate = Candidate(
            kind: .ocfOwner, identifier: "address/\(attempt.address)",
            title: "new owner at \(attempt.address), by \(attempt.method)", isRemembered: false)
        switch await knock(candidate) {
        case .accepted: return .allowed
        case .refused(let reason): return .refused(reason: reason.description, retryAfter: reason.retryAfter)
        }
    }
}

extension KnockOutcome.Reason {
    /// After how many seconds another attempt may go better without a person's doing.
    fileprivate var retryAfter: Int? {
        switch self {
        case .tooManyKnocks(let wait): Int(wait.components.seconds) + 1
        // The longest that another knock may take by default.
        case .busy: 30
        default: nil
        }
    }
}
