import Advertising

extension [UInt8] {
    /// Appends a number, the least significant byte first.
    mutating func appendLittle(_ value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }

    /// Appends an address, the least significant byte first.
    mutating func append(_ address: BluetoothAddress) {
        for index in (0..<6).reversed() { append(address[index]) }
    }

    /// Appends an address and its type.
    mutating func append(_ peer: ManagementAddress) {
        append(peer.address)
        append(peer.kind.rawValue)
    }
}

extension ByteWalk {
    /// Two bytes, the least significant first.
    mutating func little16() -> UInt16? {
        bytes(2)?.reversed().reduce(0) { $0 << 8 | UInt16($1) }
    }

    /// Four bytes, the least significant first.
    mutating func little32() -> UInt32? {
        bytes(4)?.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// Eight bytes, the least significant first.
    mutating func little64() -> UInt64? {
        bytes(8)?.reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// An address and its type.
    mutating func peer() -> ManagementAddress? {
        guard let address = address(), let kind = byte().flatMap({ ManagementAddress.Kind(rawValue: $0) }) else {
            return nil
        }
        return ManagementAddress(address, kind)
    }
}
