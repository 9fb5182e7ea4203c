/// One form of Govee's data and how to recognise it: a row of the table.
struct GoveeModel: Sendable {
    /// What the data holds.
    enum Form: Sendable {
        /// Temperature, humidity and battery in four bytes from here.
        case packed(Int)
        /// The same for one of two sensors, whose number is byte 2.
        case packedTwice
        /// The same for one of two probes, whose number is byte 7.
        case packedProbe
        /// Temperature, humidity and CO2.
        case packedCO2
        /// Temperature, humidity and particles in four bytes.
        case packedPM
        /// Temperature and humidity as numbers of their own from here, low byte first, and battery.
        case plain(Int)
        /// Occupancy and motion.
        case presence
        /// Probes for meat, these.
        case probes([GoveeProbes.Field])
        /// The same, of a pair that byte 6 selects.
        case selectedProbes([GoveeProbes.Field])
        /// H5055: two of six, and battery.
        case sixProbes
        /// One probe and the room's temperature.
        case probeAndRoom
    }

    /// The data's length, the number not counted.
    let length: Int
    let form: Form
    /// Any of these numbers suffices,
    let companies: [UInt16]
    /// or any of these in the device's name,
    let names: [StaticString]
    /// or any of these services.
    let services: [UInt16]
    /// What the data must start with, whichever it was; none for anything.
    let starts: [[UInt8]]

    init(
        _ length: Int, _ form: Form, companies: [UInt16] = [], names: [StaticString] = [], services: [UInt16] = [],
        starts: [[UInt8]] = []
    ) {
        self.length = length
        self.form = form
        self.companies = companies
        self.names = names
        self.services = services
        self.starts = starts
    }

    /// The rows; the first that fits is taken.
    static let all: [GoveeModel] = [
        GoveeModel(
            6, .presence, companies: [0x8803, 0x8843], names: ["H5127"],
            starts: [[0xEC, 0x00, 0x01, 0x01], [0xEC, 0x00, 0x02, 0x01]]),
        GoveeModel(6, .packed(1), companies: [0xEC88], names: ["H5072", "H5075", "H5129"]),
        GoveeModel(8, .packedProbe, names: ["H5112", "GV5112"]),
        GoveeModel(8, .packedCO2, names: ["5140"]),
        GoveeModel(6, .packed(2), names: packedNames),
        GoveeModel(8, .packed(2), companies: [0x0001], names: packedNames),
        GoveeModel(7, .plain(1), companies: [0xEC88], names: ["H5074"]),
        GoveeModel(9, .plain(1), companies: [0xEC88], names: ["H5051", "H5052", "H5071"]),
        GoveeModel(9, .packedTwice, companies: [0x0001], names: ["H5178", "B5178"]),
        GoveeModel(9, .plain(4), companies: [0x8801], names: ["H5179"]),
        GoveeModel(
            14, .probes(GoveeProbes.one),
            companies: [0xF861, 0x388A, 0xEA42, 0xAAA2, 0xD14B, 0x67DD, 0xE02F, 0xF79F], names: ["H5181", "H5183"],
            services: [0x8151, 0x8351]),
        GoveeModel(17, .probes(GoveeProbes.two), companies: [0x2730], names: ["H5182"], services: [0x8251]),
        GoveeModel(17, .selectedProbes(GoveeProbes.two), companies: [0x1B36], names: ["H5184"], services: [0x8451]),
        GoveeModel(
            20, .probes(GoveeProbes.twoWide), companies: [0x4A32, 0x0332, 0x4C32], names: ["H5185"],
            services: [0x8551]),
        GoveeModel(20, .probeAndRoom, companies: [0xAC63], names: ["H5191"], services: [0x9151]),
        GoveeModel(
            20, .selectedProbes(GoveeProbes.twoWithLow), companies: [0x3022], names: ["H5198"], services: [0x9851]),
        GoveeModel(20, .sixProbes, services: [0x5550]),
        GoveeModel(6, .packedPM, names: ["H5106"]),
    ]

    private static let packedNames: [StaticString] = [
        "H5108", "H5100", "H5101", "H5102", "H5103", "H5104", "H5105", "H5174", "H5177", "H5110", "GV5179",
    ]

    /// A bit for each length that any form has, so that other data cost one comparison.
    static let lengths: UInt32 = all.reduce(1 << UInt32(GoveeSealed.length)) { $0 | 1 << UInt32($1.length) }

    /// Whether data of this row's length is of this form.
    func fits(_ company: UInt16, _ data: Span<UInt8>, _ payload: Span<UInt8>) -> Bool {
        guard startsRight(data) else { return false }
        if companies.contains(company) { return true }
        for name in names where payload.hasName(name) { return true }
        for service in services where payload.offers(service) { return true }
        return false
    }

    private func startsRight(_ data: Span<UInt8>) -> Bool {
        guard !starts.isEmpty else { return true }
        nextStart: for start in starts {
            for index in start.indices where data[index] != start[index] { continue nextStart }
            return true
        }
        return false
    }
}

extension Span where Element == UInt8 {
    /// Whether the payload's name has `text` in it.
    func hasName(_ text: StaticString) -> Bool {
        var cursor = ADCursor()
        while let structure = cursor.next(in: self) {
            if structure.type == .completeLocalName || structure.type == .shortenedLocalName,
                contains(text, in: structure.range)
            {
                return true
            }
        }
        return false
    }

    /// Whether the payload lists the service with this 16-bit UUID.
    func offers(_ service: UInt16) -> Bool {
        var cursor = ADCursor()
        while let structure = cursor.next(in: self) {
            guard structure.type == .completeServices16 || structure.type == .incompleteServices16 else { continue }
            var position = structure.offset
            while position + 2 <= structure.offset + structure.count {
                if little(position, 2) == UInt32(service) { return true }
                position += 2
            }
        }
        return false
    }
}
