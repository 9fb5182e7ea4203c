/// Where encoders put their bytes: an array here, a transport's own buffer elsewhere, so that nothing is copied twice.
public protocol ByteSink {
    /// Appends one byte.
    mutating func write(byte: UInt8)

    /// Appends these bytes.
    mutating func write(bytes: Span<UInt8>)
}

extension Array: ByteSink where Element == UInt8 {
    /// Appends one byte.
    public mutating func write(byte: UInt8) {
        append(byte)
    }

    /// Appends these bytes.
    public mutating func write(bytes: Span<UInt8>) {
        bytes.withUnsafeBufferPointer { append(contentsOf: $0) }
    }
}

extension Array where Element == UInt8 {
    /// A copy of these bytes.
    init(copying span: Span<UInt8>) {
        self = span.withUnsafeBufferPointer { Array($0) }
    }
}
