import OCFModel

/// What a procedure tells people while it runs.
public enum ProcedureProgress: Sendable, Hashable {
    /// It has come to a step.
    case step(String)
    /// It waits so many seconds for something.
    case waiting(ProcedureHint, seconds: Int)
}

/// Runs procedures over a link.
public struct ProcedureRunner: Sendable {
    private let link: DeviceLink
    private let keep: @Sendable (OwnedDevice) throws -> Void
    private let askPIN: @Sendable () async -> String?
    private let tell: @Sendable (ProcedureProgress) -> Void

    /// A runner.
    ///
    /// - Parameters:
    ///   - keep: keeps a record durably.
    ///   - askPIN: asks the person; nil when there is nobody to ask.
    ///   - tell: shows progress.
    public init(
        _ link: DeviceLink, keep: @escaping @Sendable (OwnedDevice) throws -> Void = { _ in },
        askPIN: @escaping @Sendable () async -> String? = { nil },
        tell: @escaping @Sendable (ProcedureProgress) -> Void = { _ in }
    ) {
        self.link = link
        self.keep = keep
        self.askPIN = askPIN
        self.tell = tell
    }

    /// Runs a procedure to its end. The encrypted connection stays open, unless the procedure was an owner transfer.
    ///
    /// - Throws: ``OnboardingError``, or what keeping a record threw.
    public func run<Plan: Procedure>(_ procedure: Plan) async throws -> Plan.Outcome {
        var procedure = procedure
        var event = ProcedureEvent.begin
        while true {
            let action = procedure.next(event)
            tell(.step(procedure.progress))
            switch action {
            case .send(let request, let channel):
                if let patience = request.patience { tell(.waiting(.pressButton, seconds: patience)) }
                do {
                    event = .answered(try await link.send(request, channel))
                } catch let fault as LinkFault {
                    event = .failed(fault)
                }
            case .connect(let handshake):
                do {
                    event = .connected(try await link.connect(handshake))
                } catch {
                    event = .failed(error)
                }
            case .askPIN: event = .typed(pin: await askPIN())
            case .keep(let device):
                try keep(device)
                event = .kept
            case .wait(let seconds, let hint):
                // What waits for a person begins anew, and a device serves one would-be owner at a time.
                if hint == .pressButton { await link.closeSecure() }
                tell(.waiting(hint, seconds: seconds))
                try await Task.sleep(for: .seconds(seconds))
                event = .waited
            case .finish(let outcome): return outcome
            case .fail(let error): throw error
            }
        }
    }
}
