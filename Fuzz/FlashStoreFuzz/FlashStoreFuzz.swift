// Recovery from arbitrary bytes: whatever a card gives back, the store opens or names an error, never reads or writes
// outside the file, and what it then stores is there at the next start.

import FlashStore

/// libFuzzer's entry point.
///
/// The first byte chooses how the rest is read: as the image itself, or as pieces for an image whose checksums are made
/// right, since the fuzzer would never guess them.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let mode = input.first else { return 0 }
    let image = mode & 1 == 0 ? Array(input.dropFirst()) : sealed(Array(input.dropFirst()))
    exercise(image)
    return 0
}

private func exercise(_ image: [UInt8]) {
    let device = MemoryBlockFile(image)
    let store: FlashStore
    do {
        store = try FlashStore.open(on: device)
    } catch {
        precondition(device.image == image, "an image that was refused must not be touched")
        return
    }
    let before = contents(store)
    let isStored = store.putBatched("fuzz/key", [1, 2, 3])
    let oldest = before.keys.min { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    let isReplaced = oldest.map { store.putBatched($0, [4]) } ?? false
    store.removeBatched("fuzz/other")
    var expected = before
    if isStored { expected["fuzz/key"] = [1, 2, 3] }
    if isReplaced, let oldest { expected[oldest] = [4] }
    expected["fuzz/other"] = nil
    precondition(contents(store) == expected, "memory must hold what was put")
    closeAndWait(store)
    // A live set over the limits can come from a forged image only; it is kept in memory, and cannot be compacted.
    guard store.statistics.lastError == nil else { return }
    guard let again = try? FlashStore.open(on: MemoryBlockFile(device.image)) else {
        preconditionFailure("what was written must open again")
    }
    precondition(contents(again) == expected, "what was stored must be there at the next start")
    closeAndWait(again)
}

private func contents(_ store: FlashStore) -> [String: [UInt8]] {
    Dictionary(uniqueKeysWithValues: store.scan(prefix: "").map { ($0.key, $0.value) })
}

/// The fuzzer's entry is synchronous, closing is not.
private func closeAndWait(_ store: FlashStore) {
    let isDone = DoneFlag()
    Task.detached {
        await store.close()
        isDone.raise()
    }
    isDone.wait()
}

/// An image of 64-byte pages whose two segments hold the pieces of `input` as records with right checksums.
///
/// Per piece: one byte of flags (skip or repeat a sequence number, another generation, a page's end, damage), one of the
/// body's length, and the body.
private func sealed(_ input: [UInt8]) -> [UInt8] {
    let segment = 2048
    let page = 64
    var image = [UInt8](repeating: 0, count: 2 * segment)
    for (index, generation) in [UInt32(1), 2].enumerated() {
        let header = segmentHeader(segment: segment, page: page, generation: generation, salt: 7)
        image.replaceSubrange(index * segment..<index * segment + 64, with: header)
        image.replaceSubrange((index + 1) * segment - 64..<(index + 1) * segment, with: header)
    }
    var offset = segment + page
    var sequence: UInt32 = 1
    var rest = input[...]
    while let flags = rest.popFirst(), let length = rest.popFirst() {
        let body = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(body.count)
        var record = sealedRecord(body, generation: flags & 1 == 0 ? 2 : 1, sequence: sequence, salt: 7)
        if flags & 2 == 0 { sequence &+= 1 }
        if flags & 4 != 0 { sequence &+= UInt32(length) << 16 }
        if flags & 8 != 0 { record[Int(length) % record.count] ^= 0x20 }
        if flags & 16 != 0 { offset = (offset + page - 1) / page * page }
        if flags & 32 != 0 { offset += 8 }
        guard offset + record.count <= 2 * segment - page else { break }
        image.replaceSubrange(offset..<offset + record.count, with: record)
        offset += record.count
    }
    return image
}

private func segmentHeader(segment: Int, page: Int, generation: UInt32, salt: UInt32) -> [UInt8] {
    var header: [UInt8] = Array("GHSTORE".utf8) + [0, 1, 0, 64, 0]
    append(UInt32(page), to: &header)
    append(UInt64(segment), to: &header)
    append(generation, to: &header)
    append(salt, to: &header)
    header += [UInt8](repeating: 0, count: 28)
    append(crc(header, salt: 0), to: &header)
    return header
}

private func sealedRecord(_ body: [UInt8], generation: UInt32, sequence: UInt32, salt: UInt32) -> [UInt8] {
    var record: [UInt8] = [0x47, 0x52, 1, 0]
    append(UInt32(body.count), to: &record)
    append(generation, to: &record)
    append(sequence, to: &record)
    append(crc(body, salt: salt), to: &record)
    append(crc(record, salt: 0), to: &record)
    record += body
    return record + [UInt8](repeating: 0, count: (8 - record.count % 8) % 8)
}

private func append(_ integer: some FixedWidthInteger, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: integer.littleEndian) { bytes.append(contentsOf: $0) }
}

/// CRC-32C bit by bit, on purpose not the store's own.
private func crc(_ bytes: [UInt8], salt: UInt32) -> UInt32 {
    var crc = ~salt
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 0 ? crc >> 1 : crc >> 1 ^ 0x82F6_3B78 }
    }
    return ~crc
}
