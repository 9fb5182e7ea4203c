import CoAPMessages
import OCFModel

/// What a failed transfer leaves behind, and what to do.
extension OwnershipTransfer {
    var unchanged: String { "Nothing has been changed on the device" }

    /// How a device that was written to comes back.
    private var leftover: String {
        switch step {
        case ...TransferStep.chooseMode: unchanged
        case ...TransferStep.keepRecord:
            "The transfer was not complete, so the device goes back to being unowned by itself when it sees the connection "
                + "end; one that does not is reset by its button. Then own it again"
        default:
            "The device knows its owner, and its key is kept: run the same command again, which goes on from here; or reset "
                + "the device by its button and own it anew"
        }
    }

    /// A person's no, or silence.
    func notAllowed(_ reason: String) -> OnboardingError {
        OnboardingError(
            .notAllowed,
            "the device did not let us in: \(reason). Somebody at it has to allow the transfer by its button, and one tool "
                + "at a time. \(unchanged)")
    }

    /// Nobody came to the button.
    var nobody: OnboardingError {
        OnboardingError(
            .notAllowed, "nobody pressed the button at the device within \(settings.patience) s. \(unchanged)")
    }

    /// An answer that is an error.
    func refusal(_ answer: DeviceAnswer) -> OnboardingError {
        let said = answer.diagnostic.isEmpty ? "" : " (\(answer.diagnostic))"
        if step <= .chooseMode, [.unauthorized, .forbidden].contains(answer.code) {
            return notAllowed("it answers \(answer.code)\(said)")
        }
        return OnboardingError(
            step > .keepRecord ? .interrupted : .refused,
            "the device answered \(answer.code)\(said) while \(step.text). \(leftover)")
    }

    /// A device that is gone half-way.
    func broken(_ fault: LinkFault) -> OnboardingError {
        if step <= .openConnection {
            let plain = fault.error
            return OnboardingError(plain.code, "\(plain.reason), while \(step.text). \(unchanged)")
        }
        return OnboardingError(.interrupted, "the device is gone (\(fault.reason)) while \(step.text). \(leftover)")
    }
}
