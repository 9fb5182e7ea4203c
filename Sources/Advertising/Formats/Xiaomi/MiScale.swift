/// Xiaomi's newer scales, which send MiBeacon objects.
enum MiScale {
    /// The S200: `profile u8 | weight u32 in 10 g | time u32`, sent once the weight stands.
    static func readS200(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        guard data.count == 9 else { return }
        let weight = data.little(1, 4)
        guard weight != 0 else { return }
        list.append(.massKilograms, Int64(weight), decimals: 2)
        MiObject.append(.binaryStabilized, true, &list)
        list.append(.profileID, Int64(data[0]), decimals: 0)
    }

    /// All weight bits set: none, on one of the models.
    private static let noWeight: UInt32 = 0x7FF
    /// Heart rates are counted from here.
    private static let slowestHeart: Int64 = 50

    /// The S400: `profile u8 | 11 bits weight in 100 g, 7 bits heart rate, 14 bits impedance in 0.1 ohm | time u32`.
    ///
    /// It sends the weight with the impedance at 50 kHz first, and the impedance at 250 kHz, alone, at the end.
    static func readS400(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        guard data.count == 9 else { return }
        let bits = data.little(1, 4)
        let weight = bits & 0x7FF == noWeight ? 0 : bits & 0x7FF
        let heart = bits >> 11 & 0x7F
        let impedance = bits >> 18
        list.append(.profileID, Int64(data[0]), decimals: 0)
        if weight != 0 { list.append(.massKilograms, Int64(weight), decimals: 1) }
        if heart > 0, heart < 127 { list.append(.heartRate, Int64(heart) + slowestHeart, decimals: 0) }
        let isLast = weight == 0 && heart == 0
        if impedance != 0 {
            list.append(isLast ? .impedanceHigh : .impedanceLow, Int64(impedance), decimals: 1)
        }
        // It stands at the end, or when there is a weight and no impedance to come (with socks on).
        MiObject.append(.binaryStabilized, isLast ? impedance != 0 : impedance == 0, &list)
    }
}
