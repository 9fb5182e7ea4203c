import Logging
import OneLoop

extension Pairing {
    /// The most hooks: cloud, nodes, OCF and a few more.
    static let maximumResetHooks = 16

    /// Adds what a factory reset does after trust is wiped; hooks run in the order they were added.
    ///
    /// A hook may run again after a power cut, so it must do no harm twice, and what it does must be durable when it
    /// returns. When it throws, the others still run, and all run again at the next start.
    public func onFactoryReset(_ name: String, _ hook: @escaping ResetHook) {
        precondition(hooks.count < Pairing.maximumResetHooks, "more reset hooks than the daemon has rooms")
        hooks.append((name, hook))
    }

    /// Resets to factory state; returns when that is complete or has failed.
    ///
    /// Durable at each step: first a mark that a reset is pending (from then on nobody is trusted, and a power cut only
    /// postpones), then the trust and the lock go, then the hooks run in order, then the mark goes.
    ///
    /// - Returns: whether it is complete; when not, ``trouble`` tells why, and the next start goes on with it. When not
    ///   even the mark could be stored, nothing has changed.
    @discardableResult
    public func factoryReset(by cause: ResetCause) async -> Bool {
        guard !isClosed else { return false }
        return await withCheckedContinuation { waiter in
            resetWaiters.append(waiter)
            handle(.resetRequested(cause))
        }
    }

    func performReset(_ cause: ResetCause) async {
        let complete = await wipe(cause)
        handle(.resetEnded(complete: complete))
        emit(.resetEnded(complete: complete))
        let waiters = resetWaiters
        resetWaiters = []
        for waiter in waiters { waiter.resume(returning: complete) }
    }

    private func wipe(_ cause: ResetCause) async -> Bool {
        log.notice("factory reset", metadata: ["by": "\(cause.rawValue)"])
        do {
            try await ledger.beginReset()
        } catch {
            note(PairingError(error.code, "the factory reset could not begin, nothing has changed: \(error.reason)"))
            return false
        }
        emit(.resetBegan(cause))
        var failures: [String] = []
        do {
            let wasLocked = isLocked
            try await ledger.wipe()
            if wasLocked { emit(.locked(false)) }
        } catch {
            failures.append("trust: \(error.reason)")
        }
        for (name, hook) in hooks {
            do { try await hook(cause) } catch { failures.append("\(name): \(error)") }
        }
        if failures.isEmpty {
            do { try await ledger.endReset() } catch { failures.append("mark: \(error.reason)") }
        }
        guard failures.isEmpty else {
            note(
                PairingError(
                    .resetUnfinished,
                    "the factory reset is unfinished and goes on at the next start: \(failures.joined(separator: "; "))"
                ))
            return false
        }
        trouble = nil
        log.notice("factory reset complete")
        return true
    }
}
