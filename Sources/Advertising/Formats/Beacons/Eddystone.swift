/// Google's Eddystone: service data 0xFEAA; the first byte is the frame type. High byte first.
///
/// Source: <https://github.com/google/eddystone/blob/master/protocol-specification.md>; names as in beacontools 2.1. The
/// frame type EID, which names nobody without its server, and vendors' types under the same number are refused.
enum Eddystone {
    /// Google registered it.
    static let serviceUUID: UInt16 = 0xFEAA

    private enum Frame {
        static let uid: UInt8 = 0x00
        static let url: UInt8 = 0x10
        static let telemetry: UInt8 = 0x20
    }

    @Sendable
    static func read(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        guard data.count > 0 else { return .refused(Refusal(.wrongLength, .eddystone)) }
        switch data[0] {
        case Frame.uid: return readUID(data, &list)
        case Frame.url: return readURL(data, &list)
        case Frame.telemetry: return readTelemetry(data, &list)
        default: return .refused(Refusal(.unknownVersion, .eddystone, found: Int(data[0])))
        }
    }

    /// `00 | power s8 | namespace 10 | instance 6 | reserved 2`; the two reserved bytes may be left out.
    private static func readUID(_ data: Span<UInt8>, _ list: inout MeasurementList) -> DecodeOutcome {
        guard data.count >= 18 else { return .refused(Refusal(.wrongLength, .eddystone, found: data.count)) }
        list.append(.eddystonePower, signed(data.big(1, 1), 1), decimals: 0)
        list.append(Measurement(.eddystoneNamespace, .raw(list.store(data, 2..<12))))
        list.append(Measurement(.eddystoneInstance, .raw(list.store(data, 12..<18))))
        return .decoded(.eddystone)
    }

    private static let schemes: [StaticString] = ["http://www.", "https://www.", "http://", "https://"]
    private static let endings: [StaticString] = [
        ".com/", ".org/", ".edu/", ".net/", ".info/", ".biz/", ".gov/", ".com", ".org", ".edu", ".net", ".info", ".biz",
        ".gov",
    ]
    /// The address has 17 bytes at most.
    private static let longestURL = 20

    /// `10 | power s8 | scheme | text in which 00...0D are endings`.
    private static func readURL(_ data: Span<UInt8>, _ list: inout MeasurementList) -> DecodeOutcome {
        guard data.count >= 3, data.count <= longestURL else {
            return .refused(Refusal(.wrongLength, .eddystone, found: data.count))
        }
        guard Int(data[2]) < schemes.count else {
            return .refused(Refusal(.unknownVersion, .eddystone, found: Int(data[2])))
        }
        let start = list.bytes.count
        _ = list.store(schemes[Int(data[2])])
        for index in 3..<max(3, data.count) {
            if Int(data[index]) < endings.count {
                _ = list.store(endings[Int(data[index])])
            } else if data[index] > 0x20, data[index] < 0x7F {
                _ = list.store(data, index..<index + 1)
            } else {
                return .refused(Refusal(.unknownVersion, .eddystone, found: Int(data[index])))
            }
        }
        list.append(.eddystonePower, signed(data.big(1, 1), 1), decimals: 0)
        list.append(Measurement(.eddystoneURL, .text(ByteRange(offset: start, count: list.bytes.count - start))))
        return .decoded(.eddystone)
    }

    /// The temperature that stands for none.
    private static let noTemperature: Int64 = -0x8000

    /// `20 | version 0 | millivolts u16 | temperature 8.8 | adverts u32 | tenths of seconds u32`. Version 1 is encrypted.
    private static func readTelemetry(_ data: Span<UInt8>, _ list: inout MeasurementList) -> DecodeOutcome {
        guard data.count >= 14 else { return .refused(Refusal(.wrongLength, .eddystone, found: data.count)) }
        guard data[1] == 0 else { return .refused(Refusal(.unknownVersion, .eddystone, found: Int(data[1]))) }
        list.append(.eddystoneVoltage, Int64(data.big(2, 2)), decimals: 0)
        let temperature = signed(data.big(4, 2), 2)
        if temperature == noTemperature {
            list.append(Measurement(.temperature, .missing))
        } else {
            // A 256th has eight decimals: exact.
            list.append(.temperature, temperature * 390_625, decimals: 8)
        }
        list.append(.advertisingCount, Int64(data.big(6, 4)), decimals: 0)
        list.append(.uptime, Int64(data.big(10, 4)), decimals: 0)
        return .decoded(.eddystone)
    }
}
