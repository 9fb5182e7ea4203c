/// CRC-32C (Castagnoli), the checksum of iSCSI, ext4 and SCTP: polynomial 0x1EDC6F41, reflected.
///
/// Chosen over CRC-32 because it finds every pattern of up to five flipped bits in blocks of our length (Koopman 2002).
/// Table-driven, eight bytes a step: recovery of a full segment of 4 MiB costs a few milliseconds, so no processor
/// instructions are needed for it.
enum CRC32C {
    /// The checksum of `bytes`.
    ///
    /// - Parameter salt: changes the initial value, so that only who knows the salt can compute the checksum
    ///   (`docs/flash-format.md` §3); zero gives the standard CRC-32C.
    static func checksum(_ bytes: UnsafeRawBufferPointer, salt: UInt32 = 0) -> UInt32 {
        var crc = ~salt
        tables.withUnsafeBufferPointer { table in
            var offset = 0
            while bytes.count - offset >= 8 {
                let low = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) ^ crc
                let high = UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self))
                crc =
                    table[7 * 256 + Int(low & 0xFF)] ^ table[6 * 256 + Int(low >> 8 & 0xFF)]
                    ^ table[5 * 256 + Int(low >> 16 & 0xFF)] ^ table[4 * 256 + Int(low >> 24)]
                    ^ table[3 * 256 + Int(high & 0xFF)] ^ table[2 * 256 + Int(high >> 8 & 0xFF)]
                    ^ table[256 + Int(high >> 16 & 0xFF)] ^ table[Int(high >> 24)]
                offset += 8
            }
            while offset < bytes.count {
                crc = crc >> 8 ^ table[Int((crc ^ UInt32(bytes[offset])) & 0xFF)]
                offset += 1
            }
        }
        return ~crc
    }

    /// Eight tables of 256: table n advances a byte that stands n bytes before the end of the step.
    private static let tables: [UInt32] = {
        let polynomial: UInt32 = 0x82F6_3B78  // 0x1EDC6F41 with its bits reversed
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for index in 0..<256 {
            var crc = UInt32(index)
            for _ in 0..<8 {
                crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ polynomial
            }
            tables[index] = crc
        }
        for index in 256..<tables.count {
            let previous = tables[index - 256]
            tables[index] = previous >> 8 ^ tables[Int(previous & 0xFF)]
        }
        return tables
    }()
}
