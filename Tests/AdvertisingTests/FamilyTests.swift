import Advertising
import Testing

/// What the vectors do not hold: refusals by name, encryption, what is plausible, and what no reference reader reads.
@Suite struct FamilyTests {
    private static let address = BluetoothAddress("A4:C1:38:8D:18:B2")

    private static func decode(
        service number: UInt16, _ data: String, key: String? = nil, address: BluetoothAddress? = address
    ) throws -> DecodedAdvert? {
        var writer = ADWriter()
        writer.append(.serviceData16, number: number, Hex.bytes(data) ?? [])
        return try AdvertDecoder.standard.decode(
            writer.payload, address: address, key: key.flatMap { BindKey(hex: $0) })
    }

    private static func decode(company number: UInt16, _ data: String, name: String? = nil) throws -> DecodedAdvert? {
        var writer = ADWriter()
        writer.append(.manufacturerData, number: number, Hex.bytes(data) ?? [])
        if let name { writer.append(.completeLocalName, Array(name.utf8)) }
        return try AdvertDecoder.standard.decode(writer.payload)
    }

    private static let pvvxKey = "b9ea895fac7eea6d30532432a516f3a3"

    @Test func pvvxSendsEncryptedInBothForms() throws {
        let long = try #require(try Self.decode(service: 0x181A, "bd85b720c35579b2aade8b", key: Self.pvvxKey))
        #expect(long.format == .pvvxEncrypted)
        #expect(long.readings.map(\.description) == ["tempc -7.25 °C", "hum 51.37 %", "batt 88 %"])
        #expect(long.envelope.packetID == 0xBD)
        #expect(long.envelope.isEncrypted)
        let short = try #require(try Self.decode(service: 0x181A, "07269d1afed64861", key: Self.pvvxKey))
        #expect(short.readings.map(\.description) == ["tempc 23.5 °C", "hum 50.5 %", "batt 77 %"])
    }

    @Test(
        arguments: [
            (0x181A, "bd85b720c35579b2aade8b", nil, .keyMissing),
            (0x181A, "bd85b720c35579b2aade8c", pvvxKey, .wrongKey),
            (0x181A, "be85b720c35579b2aade8b", pvvxKey, .wrongKey),  // the counter is in the nonce
            (0x181A, "a4c1380111f1ffff63640c1c01", pvvxKey, .plaintextDespiteKey),
            (0x181C, "2302ca09", pvvxKey, .plaintextDespiteKey), (0x181C, "", nil, .noMeasurements),
            (0x181E, "fba435e4d3c312fb0011223357d90a99", nil, .keyMissing),
            (0x181E, "fba435e4d3c312fb0011223357d90a99", pvvxKey, .wrongKey),
            (0x181E, "00112233", pvvxKey, .wrongLength),
            (0xFE95, "5020", nil, .wrongLength), (0xFE95, "5010aa010004100201", nil, .unknownVersion),
            (0xFE95, "d020aa0100", nil, .unknownVersion),  // mesh
            (0xFE95, "4050ffff000410020100", nil, .unknownDevice),
            (0xFE95, "5050aa0100112233445566041002c400", nil, .foreignAddress),
            (0xFE95, "4050aa0100041002c400", pvvxKey, .plaintextDespiteKey),
            (0xFE95, "0050aa0100", pvvxKey, .noMeasurements),  // a frame without object is no downgrade
            (0xFE95, "4850aa010011223344556677889900", nil, .keyMissing),
            (0xFE95, "4850aa010011223344556677889900", pvvxKey, .wrongKey),
            (0xFE95, "4850aa01001122", pvvxKey, .wrongLength),
            (0xFEAA, "3000112233445566", nil, .unknownVersion), (0xFEAA, "", nil, .wrongLength),
            (0xFEAA, "2001000000000000000000000000", nil, .unknownVersion), (0xFEAA, "00ec", nil, .wrongLength),
            (0xFEAA, "10ee0461", nil, .unknownVersion), (0xFEAA, "10ee03610e", nil, .unknownVersion),
            (0xFD3D, "7f0000", nil, .unknownDevice), (0xFD3D, "760000", nil, .wrongLength),
            (0xFD3D, "540064000000", nil, .noMeasurements),  // not measured yet
            (0x181D, "00", nil, .wrongLength), (0xFD50, "00", nil, .wrongLength),
        ] as [(UInt16, String, String?, Refusal.Code)])
    func refusalsAreNamed(service: UInt16, data: String, key: String?, code: Refusal.Code) {
        let error = #expect(throws: Refusal.self) { try Self.decode(service: service, data, key: key) }
        #expect(error?.code == code)
        #expect(error?.description.isEmpty == false)
    }

    /// Facts that the reference readers get wrong, so that no vector of theirs can hold them.
    @Test func eddystoneCountsBelowZeroAndHasAValueForNone() throws {
        let cold = try #require(try Self.decode(service: 0xFEAA, "20000708fff0000000010000000a"))
        #expect(cold["temperature"]?.valueText == "-0.06250000")
        let none = try #require(try Self.decode(service: 0xFEAA, "200007088000000000010000000a"))
        #expect(none["temperature"]?.value == .missing)
    }

    @Test func whatIsNotTheirsIsNotTaken() throws {
        // Apple's other messages, a name that is Govee's with a length that is not, and Govee's iBeacon, which is no place.
        #expect(try Self.decode(company: 0x004C, "1006031a4f2d3c51") == nil)
        #expect(try Self.decode(company: 0xEC88, "0003215d", name: "GVH5075_2762") == nil)
        #expect(try Self.decode(company: 0x004C, "0215494e54454c4c495f524f434b535f48575075f2ff0c") == nil)
        #expect(try Self.decode(company: 0x1234, "00034db26400", name: "Other") == nil)
        // The same data under a number of nobody's are Govee's by the name.
        let named = try #require(try Self.decode(company: 0x1234, "00034db26400", name: "GVH5075_ABCD"))
        #expect(named.readings.map(\.description) == ["temperature 21.6 °C", "humidity 49.8 %", "battery 100 %"])
    }

    @Test func aBrokenProbeIsNoNumber() throws {
        let advert = try #require(try Self.decode(company: 0xEC88, "00bc00043e27", name: "GVH5075_2762"))
        #expect(advert["temperature"]?.value == .broken)
        #expect(advert["temperature"]?.valueText == "error")
    }

    /// MiBeacon 4 and 5 have a counter of four bytes: the frame's is the low one.
    @Test func theExtendedCounterGuardsAgainstReplay() throws {
        let data = "5858e4162c84535638c1a42b6ef2e91200006c884d9e"
        let advert = try #require(
            try Self.decode(
                service: 0xFE95, data, key: "a115210eed7a88e50ad52662e732a9fb",
                address: BluetoothAddress("A4:C1:38:56:53:84")))
        #expect(advert.envelope.counter == 0x0000_122C)
        #expect(advert.envelope.isEncrypted)
        #expect(advert.envelope.deviceType == 0x16E4)
    }

    /// The old encryption proves nothing: a wrong key shows in what cannot be.
    @Test func anOldKeyIsJudgedByWhatComesOut() throws {
        let data = "5830b603368b98c54124f88bb8f2661351000000d6"
        let sender = BluetoothAddress("F8:24:41:C5:98:8B")
        let right = try #require(
            try Self.decode(service: 0xFE95, data, key: "b853075158488d3d3c977ca39a5b5ea9", address: sender))
        #expect(right["event:dimmer"]?.valueText == "rotate_left (1 steps)")
        #expect(!right.envelope.isEncrypted)
        // As Xiaomi hands it out, without its middle.
        let short = try #require(
            try Self.decode(service: 0xFE95, data, key: "b85307515848" + "7ca39a5b5ea9", address: sender))
        #expect(short.readings == right.readings)
        let error = #expect(throws: Refusal.self) {
            try Self.decode(service: 0xFE95, data, key: "b853075158487ca39a5b5eaa", address: sender)
        }
        #expect(error?.code == .wrongKey)
    }

    @Test func everyMetricAndPartHasAName() {
        for metric in Metric.allCases {
            #expect(!metric.definition.name.isEmpty, "\(metric)")
            #expect(!metric.definition.title.isEmpty, "\(metric)")
            #expect(metric.rawValue < 512)
        }
        #expect(Set(DevicePart.allCases.map(\.suffix)).count == DevicePart.allCases.count)
    }
}
