import CoAPMessages
import NIOCore

/// Messages are encoded straight into the buffer that is written.
extension ByteBuffer: ByteSink {
    /// Appends one byte.
    public mutating func write(byte: UInt8) {
        writeInteger(byte)
    }

    /// Appends these bytes.
    public mutating func write(bytes: Span<UInt8>) {
        writeBytes(bytes.bytes)
    }
}

extension ByteBuffer {
    /// A copy of these bytes.
    init(copying span: Span<UInt8>) {
        self.init()
        reserveCapacity(span.count)
        writeBytes(span.bytes)
    }
}
