/// Names what an advert is that does not decode, for people. Not for the hot path.
public enum ForeignFormat {
    /// Services whose data have a known owner.
    private static let services: [(uuid: UInt16, name: String)] = [
        (0xFE95, "Xiaomi MiBeacon"), (0xFD50, "Xiaomi (service 0xFD50)"), (0xFDCD, "Qingping"), (0x181C, "BTHome v1"),
        (0x181E, "BTHome v1, encrypted"), (0xFD3D, "SwitchBot"), (0x0D00, "SwitchBot, old"), (0xFEAA, "Eddystone"),
        (0xEC88, "Govee"),
    ]

    /// Companies whose data have a known form.
    private static let companies: [(identifier: UInt16, name: String)] = [
        (0x004C, "Apple (iBeacon and others)"), (0xEC88, "Govee"), (0x0001, "Govee H51xx"), (0x0969, "SwitchBot"),
        (0x0006, "Microsoft"), (0x00E0, "Google"),
    ]

    /// A sentence that says what was recognised: the first structure with data of a service or a company.
    public static func explain(_ payload: [UInt8]) -> String {
        guard !payload.isEmpty else { return "there is no advertising payload" }
        for structure in ADStructures.all(in: payload) where structure.count >= 2 {
            let number = UInt16(payload[structure.offset]) | UInt16(payload[structure.offset + 1]) << 8
            let digits = "0x" + Hex.upper(UInt64(number), digits: 4)
            switch structure.type {
            case .serviceData16:
                let name = services.first { $0.uuid == number }?.name
                return name.map { "recognised as \($0), which is not decoded" }
                    ?? "service data \(digits) is of no known format"
            case .manufacturerData:
                let name = companies.first { $0.identifier == number }?.name
                return name.map { "recognised as \($0), which is not decoded" }
                    ?? "manufacturer data of company \(digits) is of no known format"
            default: continue
            }
        }
        return "no service data and no manufacturer data inside"
    }
}
