import CMbedTLS

extension BluetoothAddress {
    /// Whether this is a resolvable private address that was made with an identity key: its low half is the key's hash of
    /// its high half (Core Specification Vol 3 Part H 2.2.2, Vol 6 Part B 1.3.2.3). One in 16 million others looks so, too.
    ///
    /// - Parameter key: the 16 bytes of the key, most significant first; another count resolves nothing.
    public func isResolved(by key: [UInt8]) -> Bool {
        guard key.count == 16, self[0] >> 6 == 0b01 else { return false }
        var block = InlineArray<16, UInt8>(repeating: 0)
        for index in 0..<3 { block[13 + index] = self[index] }
        var hash = InlineArray<16, UInt8>(repeating: 0)
        var output = hash.mutableSpan
        let status = block.span.withUnsafeBufferPointer { block in
            output.withUnsafeMutableBufferPointer { hash in
                gh_aes128_encrypt_block(key, block.baseAddress, hash.baseAddress)
            }
        }
        return status == 0 && (0..<3).allSatisfy { hash[13 + $0] == self[3 + $0] }
    }
}
