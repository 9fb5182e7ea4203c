/// Apple's iBeacon: manufacturer data of company 0x004C, `02 15 | UUID 16 | major u16 | minor u16 | power s8`; high byte
/// first, the power in dBm at one metre.
///
/// Source: Apple, "Proximity Beacon Specification" R1; names as in ibeacon-ble 1.2.
enum IBeacon {
    /// Apple, Inc.
    static let companyIdentifier: UInt16 = 0x004C
    /// The type and the length that start it.
    private static let start: [UInt8] = [0x02, 0x15]
    private static let length = 23
    /// Govee's sensors send an iBeacon beside their values whose UUID spells this: it places nothing.
    private static let notAPlace: StaticString = "INTELLI_ROCKS"

    @Sendable
    static func read(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        // Apple sends much else under its number: not an iBeacon is nothing to complain of.
        guard data.count >= 2, data[0] == start[0], data[1] == start[1] else { return .unknown }
        guard data.count >= length else { return .refused(Refusal(.wrongLength, .iBeacon, found: data.count)) }
        guard !data.starts(with: notAPlace, at: 2) else { return .unknown }
        list.append(Measurement(.beaconUUID, .text(storeUUID(data, at: 2, &list))))
        list.append(.beaconMajor, Int64(data.big(18, 2)), decimals: 0)
        list.append(.beaconMinor, Int64(data.big(20, 2)), decimals: 0)
        list.append(.beaconPower, signed(data.big(22, 1), 1), decimals: 0)
        return .decoded(.iBeacon)
    }

    /// Sixteen bytes as `e2c56db5-dffb-48d2-b060-d0f5a71096e0`; a beacon is a stranger mostly, and allocates nothing.
    private static func storeUUID(
        _ data: Span<UInt8>, at offset: Int, _ list: inout MeasurementList
    ) -> ByteRange {
        let start = list.bytes.count
        for index in 0..<16 {
            if index == 4 || index == 6 || index == 8 || index == 10 { _ = list.store("-" as StaticString) }
            list.storeHex(data[offset + index])
        }
        return ByteRange(offset: start, count: list.bytes.count - start)
    }
}
