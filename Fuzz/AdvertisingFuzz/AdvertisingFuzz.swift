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

/// The first byte says how the rest is wrapped, so that the fuzzer reaches the formats without guessing their numbers.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    guard let selector = bytes.first else { return 0 }
    let content = Array(bytes.dropFirst())
    var harness = Harness()
    var writer = ADWriter()
    switch selector & 7 {
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
    default:
        let answer = DecodeAnswer.line(content)
        precondition(answer.hasPrefix("{\"id\":") && answer.hasSuffix("}"))
    }
    return 0
}
