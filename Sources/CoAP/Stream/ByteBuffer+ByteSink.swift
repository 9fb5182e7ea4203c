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
