// libFuzzer's entry for everything that reads bytes from the air: AD structures, all formats, HCI events, captures and
// the lines of JSON.

import Advertising
import BluetoothLE

/// What one run of the fuzzer works with. libFuzzer calls from one thread.
private struct Harness {
    let address = BluetoothAddress(rawValue: 0x5448_E68F_80A5)
    let key = BindKey(hex: "231d39c1d7cc1ab1aee224cd096db932")
    var list = MeasurementList()

    /// Decodes with and without key, and holds what must hold of any outcome.
    mutating func decode(_ payload: [UInt8]) {
        for key in [nil, key] {
            let outcome = AdvertDecoder.standard.decode(payload.span, address: address, key: key, into: &list)
            precondition(list.measurements.count <= MeasurementList.capacity)
            if case .decoded = outcome {} else { precondition(list.isEmpty) }
            let names = list.readings.map(\.name)
            precondition(Set(names).count == names.count)
        }
        var cursor = ADCursor()
        var end = 0
        while let structure = cursor.next(in: payload.span) {
            precondition(structure.offset >= end + 2 && structure.range.upperBound <= payload.count)
            end = structure.range.upperBound
        }
        _ = AdvertText.describe(payload)
    }
}

private func wrap(_ type: ADType, _ number: UInt16, _ content: [UInt8], _ harness: inout Harness) {
    var writer = ADWriter()
    writer.append(type, number: number, content)
    harness.decode(writer.payload)
}

/// What is read of a characteristic is written so that it reads the same again.
private func roundTrip(_ number: UInt16, _ content: [UInt8]) {
    guard let definition = CharacteristicDefinition.assigned(number), let readings = try? definition.decode(content),
        definition.isEncodable, !readings.contains(where: { $0.value == .missing })
    else { return }
    guard let again = try? definition.encode(readings.map(\.value)) else { return }
    precondition((try? definition.decode(again)) == readings)
}

/// What the kernel's sockets deliver: events of the management channel and of the controller, and answers.
private func kernel(_ content: [UInt8]) {
    if let event = ManagementEvent(content), case .newLongTermKey(let key, _) = event.kind {
        precondition(key.value.count == 16)
    }
    _ = HCINotice(content)
    if let list = ManagementReply.indexList(content) { precondition(2 + 2 * list.count <= content.count) }
    _ = ManagementReply.information(content)
    _ = ManagementReply.settings(content)
    _ = ScanCommands(supported: content)
}

/// The first byte says how the rest is wrapped, so that the fuzzer reaches the formats without guessing their numbers.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let selector = bytes.first else { return 0 }
    let content = Array(bytes.dropFirst())
    var harness = Harness()
    var writer = ADWriter()
    switch selector & 15 {
    case 0: harness.decode(content)
    case 1:
        writer.append(.serviceData16, number: 0xFCD2, content)
        harness.decode(writer.payload)
    case 2:
        writer.append(.manufacturerData, number: 0x0499, content)
        harness.decode(writer.payload)
    case 3:
        writer.append(.serviceData16, number: 0x181A, content)
        harness.decode(writer.payload)
    case 4:
        var assembler = ReportAssembler()
        for report in HCIEvent.reports(content) {
            if let whole = assembler.add(report) { harness.decode(whole.payload) }
        }
    case 5: _ = try? Capture.parse(content)
    case 6: _ = try? Capture.parse(Array("btsnoop\0\0\0\0\u{1}\0\0".utf8) + content)
    case 7:
        let definition = CharacteristicDefinition.assigned(UInt16(selector >> 4) << 8 | UInt16(content.first ?? 0))
        for number in CharacteristicDefinition.assignedNumbers where definition == nil {
            roundTrip(number, content)
        }
    case 8: wrap(.serviceData16, 0xFE95, content, &harness)
    case 9:
        wrap(
            .serviceData16, [0x181C, 0x181E, 0xFEAA, 0x181D, 0x181B, 0xFD50][Int(selector >> 4) % 6], content, &harness)
    case 10:
        // Service data and manufacturer data of one device, cut where the first byte says.
        let cut = min(Int(content.first ?? 0) & 31, content.count)
        writer.append(.serviceData16, number: 0xFD3D, Array(content[..<cut]))
        writer.append(.manufacturerData, number: 0x0969, Array(content[cut...]))
        harness.decode(writer.payload)
    case 11: wrap(.manufacturerData, 0xEC88, content, &harness)
    case 12:
        writer.append(
            .completeLocalName,
            Array(["GVH5184", "GV5112", "5140", "B5178", "H5198", "GV5122"][Int(selector >> 4) % 6].utf8))
        writer.append(.manufacturerData, content)
        harness.decode(writer.payload)
    case 13: wrap(.manufacturerData, 0x004C, content, &harness)
    case 14: kernel(content)
    default:
        let answer = DecodeAnswer.line(content)
        precondition(answer.hasPrefix("{\"id\":") && answer.hasSuffix("}"))
    }
    return 0
}
