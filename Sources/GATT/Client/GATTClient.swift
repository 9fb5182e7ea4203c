import Advertising
import OneLoop

/// The GATT procedures of a client over one link (Core Specification Vol 3 Part G 4).
///
/// Any number of tasks may ask at a time; what they ask is put in a row. The client ends with its link: then everything that
/// waits fails, and ``onEnd`` is called once.
@Loop
public final class GATTClient {
    /// A bonded or an encrypted link is asked for when the device wants one; given by whoever knows whether a person has
    /// permitted that.
    public typealias SecurityHandler = @Loop (GATTClient, ATTError) async throws(GATTError) -> Void

    private let link: any ATTLink
    private var bearer: ATTBearer
    private var waiting: [UInt64: CheckedContinuation<Result<ATTPDU, GATTError>, Never>] = [:]
    private var lastID: UInt64 = 0
    private var timer: LoopTimer?
    private var listeners: [AttributeHandle: @Loop ([UInt8]) -> Void] = [:]
    private var endReason: GATTError?

    /// Called once when the link ends by itself or by its peer; not after ``close()``.
    public var onEnd: (@Loop (GATTError) -> Void)?
    /// What makes the link secure enough when a device refuses for want of that; without one the refusal stands.
    public var secure: SecurityHandler?

    /// A client on a link that has just come up. Another time-out of transactions is for tests.
    public init(_ link: any ATTLink, timeout: Duration = ATTBearer.transactionTimeout) {
        self.link = link
        bearer = ATTBearer(timeout: timeout)
        link.onEvent = { [weak self] event in
            guard let self else { return }
            switch event {
            case .received(let bytes): handle(.received(bytes))
            case .closed(let reason): handle(.closed(reason))
            }
        }
    }

    /// How long messages may be.
    public var mtu: Int { Int(bearer.mtu) }
    /// What went wrong on the peer's side.
    public var counters: ATTBearer.Counters { bearer.counters }
    /// How well the link is protected.
    public var security: LinkSecurity { link.security }
    /// Why the link is gone; nil while it is there.
    public var end: GATTError? { endReason }

    /// Begins to protect the link better; ``security`` tells when that is done.
    public func raise(to level: LinkSecurity) throws(GATTError) { try link.raise(to: level) }

    /// Ends the link; what waits fails as cancelled.
    public func close() {
        guard endReason == nil else { return }
        onEnd = nil
        handle(.closed(GATTError(.cancelled, "the connection was closed")))
    }

    // MARK: The bearer's hands

    private func handle(_ input: ATTBearer.Input) {
        if case .closed(let reason) = input, endReason == nil { ended(reason) }
        for output in bearer.handle(input, at: .now) { perform(output) }
        schedule()
    }

    private func perform(_ output: ATTBearer.Output) {
        switch output {
        case .send(let bytes): link.send(bytes)
        case .answered(let id, let pdu): waiting.removeValue(forKey: id)?.resume(returning: .success(pdu))
        case .failed(let id, let error): waiting.removeValue(forKey: id)?.resume(returning: .failure(error))
        case .told(let handle, let value): listeners[handle]?(value)
        case .close(let reason): ended(reason)
        }
    }

    private func ended(_ reason: GATTError) {
        guard endReason == nil else { return }
        endReason = reason
        timer?.cancel()
        timer = nil
        listeners = [:]
        link.onEvent = nil
        link.close()
        let tell = onEnd
        onEnd = nil
        secure = nil
        tell?(reason)
    }

    private func schedule() {
        timer?.cancel()
        timer = nil
        guard endReason == nil, let deadline = bearer.deadline else { return }
        timer = Loop.after(max(deadline - .now, .zero)) { [weak self] in self?.handle(.tick) }
    }

    // MARK: Asking

    /// Asks, and waits for the answer. A refusal for want of security is asked again once that is mended.
    func ask(_ pdu: ATTPDU) async throws(GATTError) -> ATTPDU {
        do throws(GATTError) {
            return try await askOnce(pdu)
        } catch {
            guard let refusal = error.refusal, refusal.asksForSecurity, let secure, endReason == nil else {
                throw error
            }
            try await secure(self, refusal)
            return try await askOnce(pdu)
        }
    }

    private func askOnce(_ pdu: ATTPDU) async throws(GATTError) -> ATTPDU {
        lastID += 1
        let id = lastID
        let result = await withCheckedContinuation { continuation in
            waiting[id] = continuation
            handle(.request(id, pdu))
        }
        return try result.get()
    }

    /// Agrees on longer messages; a server that does not know of that stays with the shortest.
    public func exchangeMTU() async throws(GATTError) {
        do throws(GATTError) {
            _ = try await ask(.exchangeMTURequest(ATTBearer.largestMTU))
        } catch  where error.refusal != nil {
            // Part F 3.4.2.1: a server that refuses has the default.
        }
    }

    // MARK: Values

    /// The most bytes of a value (Part F 3.2.9).
    public nonisolated static let longestValue = 512

    /// A characteristic's or descriptor's value, long ones as well.
    public func read(_ handle: AttributeHandle) async throws(GATTError) -> [UInt8] {
        guard case .readResponse(var value) = try await ask(.readRequest(handle)) else { throw .unexpected }
        // A part that fills the message may go on; one that does not is the last.
        var part = value.count
        while part == mtu - 1, value.count < GATTClient.longestValue {
            do throws(GATTError) {
                let answer = try await ask(.readBlobRequest(handle, offset: UInt16(value.count)))
                guard case .readBlobResponse(let more) = answer else { throw .unexpected }
                value += more
                part = more.count
            } catch  where error.refusal == .invalidOffset || error.refusal == .attributeNotLong {
                // It ended just there.
                return value
            }
        }
        return value.count > GATTClient.longestValue ? Array(value.prefix(GATTClient.longestValue)) : value
    }

    /// Sets a value and waits until the server has it; long ones part by part, checked as they are echoed.
    public func write(_ value: [UInt8], to handle: AttributeHandle) async throws(GATTError) {
        guard value.count <= GATTClient.longestValue else {
            throw GATTError(
                .tooLong, "\(value.count) bytes are more than a value may have, \(GATTClient.longestValue)")
        }
        if value.count <= mtu - 3 {
            guard case .writeResponse = try await ask(.writeRequest(handle, value)) else { throw .unexpected }
            return
        }
        var offset = 0
        while offset < value.count {
            let part = Array(value[offset..<min(value.count, offset + mtu - 5)])
            let answer = try await ask(.prepareWriteRequest(handle, offset: UInt16(offset), part))
            guard answer == .prepareWriteResponse(handle, offset: UInt16(offset), part) else {
                _ = try await ask(.executeWriteRequest(false))
                throw GATTError(.malformed, "it echoed another value than was sent, so nothing was set")
            }
            offset += part.count
        }
        _ = try await ask(.executeWriteRequest(true))
    }

    /// Sets a value without waiting; nobody knows whether it arrived.
    ///
    /// - Throws: ``GATTError`` `tooLong` when it does not fit one message, or why the link is gone.
    public func writeWithoutResponse(_ value: [UInt8], to handle: AttributeHandle) throws(GATTError) {
        if let endReason { throw endReason }
        guard value.count <= mtu - 3 else {
            throw GATTError(.tooLong, "\(value.count) bytes do not fit one message, which takes \(mtu - 3)")
        }
        self.handle(.command(.writeCommand(handle, value)))
    }

    /// Has a characteristic tell its value whenever it changes; `handler` is called until the link ends.
    ///
    /// Notifications are preferred; a characteristic that only indicates is confirmed each time.
    ///
    /// - Throws: ``GATTError`` `notPossible` when it does neither.
    public func subscribe(
        _ characteristic: GATTDatabase.Characteristic, _ handler: @escaping @Loop ([UInt8]) -> Void
    ) async throws(GATTError) {
        let bits: UInt8
        if characteristic.properties.contains(.notify) {
            bits = 1
        } else if characteristic.properties.contains(.indicate) {
            bits = 2
        } else {
            throw GATTError(.notPossible, "its characteristic \(characteristic.type) neither notifies nor indicates")
        }
        guard let configuration = characteristic.descriptor(.clientConfiguration) else {
            throw GATTError(
                .notFound, "its characteristic \(characteristic.type) has no configuration descriptor (2902)")
        }
        // Set before the write: the first value may come with its answer.
        listeners[characteristic.value] = handler
        do throws(GATTError) {
            try await write([bits, 0], to: configuration)
        } catch {
            listeners[characteristic.value] = nil
            throw error
        }
    }

    /// Ends a subscription.
    public func unsubscribe(_ characteristic: GATTDatabase.Characteristic) async throws(GATTError) {
        listeners[characteristic.value] = nil
        guard let configuration = characteristic.descriptor(.clientConfiguration) else { return }
        try await write([0, 0], to: configuration)
    }
}

extension GATTError {
    /// The bearer gives only answers that fit what was asked, so this is never thrown; a code path must end somewhere.
    static let unexpected = GATTError(.malformed, "its answer is of another kind than was asked for")
}
