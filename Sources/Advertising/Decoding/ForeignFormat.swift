/// Names what an advert is that does not decode, for people. Not for the hot path.
public enum ForeignFormat {
    /// Services whose data have a known owner.
    private static let services: [(uuid: UInt16, name: String)] = [
        (0xFDCD, "Qingping"), (0xFE9F, "Google"), (0xFCF1, "Google (Fast Pair and others)"),
        (0xFD6F, "exposure notification"),
        (0xFD5A, "Samsung SmartTag"), (0xFEED, "Tile"), (0xFFFA, "remote identification of a drone"),
    ]

    /// Companies whose data have a known form.
    private static let companies: [(identifier: UInt16, name: String)] = [
        (0x004C, "Apple (no iBeacon)"), (0x0006, "Microsoft"), (0x00E0, "Google"), (0x0075, "Samsung"),
        (0x02E1, "Victron"), (0x0059, "Nordic Semiconductor's examples"),
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
