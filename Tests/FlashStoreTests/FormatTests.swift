import Testing

@testable import FlashStore

/// The bytes are those of `docs/flash-format.md`.
@Suite struct FormatTests {
    @Test func checksumIsCastagnoli() {
        let checksum = { (bytes: [UInt8]) in bytes.withUnsafeBytes { CRC32C.checksum($0) } }
        #expect(checksum(Array("123456789".utf8)) == 0xE306_9283)
        // RFC 3720, B.4.
        #expect(checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
        #expect(checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
        #expect(checksum((0..<32).map { UInt8($0) }) == 0x46DD_794E)
        #expect(checksum([]) == 0)
    }

    @Test func checksumOfEveryLengthIsThatOfSingleBits() {
        let bytes = (0..<70).map { UInt8(truncatingIfNeeded: $0 * 37 + 5) }
        for length in 0...bytes.count {
            for salt in [0, 0xDEAD_BEEF] as [UInt32] {
                var expected = ~salt
                for byte in bytes[..<length] {
                    expected ^= UInt32(byte)
                    for _ in 0..<8 { expected = expected & 1 == 0 ? expected >> 1 : expected >> 1 ^ 0x82F6_3B78 }
                }
                #expect(bytes[..<length].withUnsafeBytes { CRC32C.checksum($0, salt: salt) } == ~expected)
            }
        }
    }

    @Test func segmentHeaderBytes() throws {
        let layout = try #require(Layout(segmentSize: 0x40_0000, pageSize: 0x1000))
        let header = SegmentHeader(layout: layout, generation: 0x0102_0304, salt: 0xA0B0_C0D0)
        let bytes = header.encoded()
        #expect(
            Array(bytes[..<32]) == [
                0x47, 0x48, 0x53, 0x54, 0x4F, 0x52, 0x45, 0x00, 1, 0, 64, 0, 0x00, 0x10, 0, 0,
                0, 0, 0x40, 0, 0, 0, 0, 0, 4, 3, 2, 1, 0xD0, 0xC0, 0xB0, 0xA0,
            ])
        #expect(bytes.count == 64 && bytes[32..<60].allSatisfy { $0 == 0 })
        #expect(bytes.withUnsafeBytes { SegmentHeader.decode($0) } == .valid(header))
    }

    @Test func recordBytes() {
        var bytes: [UInt8] = []
        Record.append(
            [.put(key: "k", value: [7, 8]), .remove(key: "r"), .removeAll(prefix: "")], generation: 2, sequence: 3,
            salt: 9,
            to: &bytes)
        #expect(Array(bytes[..<16]) == [0x47, 0x52, 1, 0, 16, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0])
        #expect(Array(bytes[24...]) == [1, 1, 2, 0, 0x6B, 7, 8, 2, 1, 0, 0, 0x72, 3, 0, 0, 0])
        let body = bytes[24...].withUnsafeBytes { CRC32C.checksum($0, salt: 9) }
        #expect(bytes.withUnsafeBytes { $0.little(UInt32.self, at: 16) } == body)
        let header = bytes[..<20].withUnsafeBytes { CRC32C.checksum($0) }
        #expect(bytes.withUnsafeBytes { $0.little(UInt32.self, at: 20) } == header)
    }

    @Test(arguments: [
        ([] as [UInt8], nil as [Change]?),
        ([1, 1, 2, 0, 0x6B, 7, 8], [.put(key: "k", value: [7, 8])]),
        ([3, 0, 0, 0], [.removeAll(prefix: "")]),
        ([1, 0, 0, 0], nil),  // a put without a key
        ([2, 0, 0, 0], nil),  // a removal without a key
        ([2, 1, 1, 0, 0x6B, 7], nil),  // a removal with a value
        ([4, 1, 0, 0, 0x6B], nil),  // an unknown kind
        ([1, 1, 3, 0, 0x6B, 7, 8], nil),  // a value longer than the body
        ([1, 1, 2, 0, 0x6B, 7, 8, 1], nil),  // half a change behind
        ([1, 1, 0, 0, 0xFF], nil),  // a key that is no UTF-8
    ])
    func bodies(bytes: [UInt8], changes: [Change]?) {
        #expect(bytes.withUnsafeBytes { Record.decodeBody($0) } == changes)
    }

    @Test(arguments: [(511, 64), (64, 64), (192, 64), (256, 48), (256, 32), (1 << 20, 1 << 17), (-256, 64)])
    func impossibleLayouts(segmentSize: Int, pageSize: Int) {
        #expect(Layout(segmentSize: segmentSize, pageSize: pageSize) == nil)
    }
}
