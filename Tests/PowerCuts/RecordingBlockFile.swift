import FlashStore
import Synchronization

/// A device in memory that writes down everything that happens to it, and fails when told to.
public final class RecordingBlockFile: BlockFile {
    /// What happened, in order.
    public enum Event: Sendable {
        /// Bytes were written.
        case write(offset: Int, bytes: [UInt8])
        /// `isDone` is false when the flush failed: what was written since the last one may or may not be there for ever.
        case flush(isDone: Bool)
        /// The script begins the operation with this number.
        case issued(Int)
        /// The operation with this number, and with it all before, was acknowledged as durable.
        case acknowledged(Int)
    }

    /// What is to fail.
    public struct Failures: Sendable {
        /// Numbers of the writes and flushes that fail, counted together from 0.
        public var calls: Range<Int> = 0..<0
        /// With this error.
        public var error = StoreError(.io, "told to fail")
        /// Bytes that cannot be read.
        public var unreadable: Range<Int> = 0..<0
    }

    private struct State {
        var image: [UInt8]
        var events: [Event] = []
        var calls = 0
        var failures = Failures()
        var isClosed = false
    }

    private let state: Mutex<State>
    /// Length in bytes.
    public let size: Int

    /// A device with these bytes.
    public init(_ image: [UInt8]) {
        size = image.count
        state = Mutex(State(image: image))
    }

    /// A device of zeros.
    public convenience init(size: Int) { self.init([UInt8](repeating: 0, count: size)) }

    /// All bytes as they are now.
    public var image: [UInt8] { state.withLock { $0.image } }
    /// Everything that happened.
    public var events: [Event] { state.withLock { $0.events } }
    /// Writes and flushes.
    public var calls: Int { state.withLock { $0.calls } }
    /// Whether it was closed.
    public var isClosed: Bool { state.withLock { $0.isClosed } }
    /// Flushes.
    public var flushes: Int { events.count { if case .flush = $0 { true } else { false } } }
    /// Writes.
    public var writes: [(offset: Int, bytes: [UInt8])] {
        events.compactMap { if case .write(let offset, let bytes) = $0 { (offset, bytes) } else { nil } }
    }

    /// Has calls fail.
    public func fail(_ change: (inout Failures) -> Void) { state.withLock { change(&$0.failures) } }
    /// Writes down what the test does.
    public func note(_ event: Event) { state.withLock { $0.events.append(event) } }

    /// As a device does.
    public func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            guard !(offset..<offset + buffer.count).overlaps(state.failures.unreadable) else {
                throw StoreError(.io, "a bad page")
            }
            buffer.copyBytes(from: state.image[offset..<offset + buffer.count])
        }
    }

    /// As a device does.
    public func write(_ bytes: UnsafeRawBufferPointer, at offset: Int) throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            precondition(offset >= 0 && offset + bytes.count <= size, "a write outside the device")
            defer { state.calls += 1 }
            let fails = state.failures.calls.contains(state.calls)
            // A write that fails has still done a part of its work.
            let done = fails ? bytes.count / 2 : bytes.count
            let taken = Array(bytes[..<done])
            state.image.replaceSubrange(offset..<offset + done, with: taken)
            state.events.append(.write(offset: offset, bytes: taken))
            if fails { throw state.failures.error }
        }
    }

    /// As a device does.
    public func flush() throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            defer { state.calls += 1 }
            let fails = state.failures.calls.contains(state.calls)
            state.events.append(.flush(isDone: !fails))
            if fails { throw state.failures.error }
        }
    }

    /// As a device does.
    public func close() { state.withLock { $0.isClosed = true } }
}
