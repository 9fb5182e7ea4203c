import Advertising
import Testing

@Suite struct BTHomeTests {
    static let address = BluetoothAddress("54:48:E6:8F:80:A5")
    static let key = "231d39c1d7cc1ab1aee224cd096db932"
    /// Temperature and humidity, from BTHome's document.
    static let encrypted = "41a47266c95f730011223378237214"

    static func payload(_ data: String) -> [UInt8] {
        var writer = ADWriter()
        writer.append(.serviceData16, number: 0xFCD2, Hex.bytes(data) ?? [])
        return writer.payload
    }

    static func decode(_ data: String, key: String? = nil, address: BluetoothAddress? = address) throws -> DecodedAdvert
    {
        try #require(
            try AdvertDecoder.standard.decode(
                payload(data), address: address, key: key.flatMap { BindKey(hex: $0) }))
    }

    static func texts(_ advert: DecodedAdvert) -> [String] { advert.readings.map(\.description) }

    @Test(arguments: [
        ("", Refusal.Code.wrongLength), ("40", .noMeasurements), ("4099", .noMeasurements),
        ("4002ca", .noMeasurements),  // cut short
        ("405301", .noMeasurements), ("4053", .noMeasurements), ("405300", .noMeasurements),
        ("2002ca09", .unknownVersion), ("6002ca09", .unknownVersion), ("0002ca09", .unknownVersion),
        ("42b2188d38c1", .wrongLength),  // the address is cut short
        ("41a47266c95f730011223378237214", .keyMissing), ("2102ca09", .unknownVersion),
    ])
    func refusalsAreNamed(data: String, code: Refusal.Code) {
        let error = #expect(throws: Refusal.self) {
            try AdvertDecoder.standard.decode(Self.payload(data), address: Self.address, key: nil)
        }
        #expect(error?.code == code)
        #expect(error?.description.isEmpty == false)
    }

    @Test(arguments: [
        ("41a47266c95f730011223378237215", Refusal.Code.wrongKey),  // the tag
        ("41a47266c95f740011223378237214", .wrongKey),  // the ciphertext
        ("41a47266c95f730011223478237214", .wrongKey),  // the counter
        ("45a47266c95f730011223378237214", .wrongKey),  // the information byte is in the nonce
        ("41aa0011223378237214", .wrongLength), ("4100112233", .wrongLength), ("41", .wrongLength),
        ("4002ca09", .plaintextDespiteKey), ("43a5808fe648", .wrongLength),
    ])
    func refusalsWithAKeyAreNamed(data: String, code: Refusal.Code) {
        let error = #expect(throws: Refusal.self) { try Self.decode(data, key: Self.key) }
        #expect(error?.code == code)
    }

    @Test func theAddressIsPartOfTheNonce() throws {
        let advert = try Self.decode(Self.encrypted, key: Self.key)
        #expect(Self.texts(advert) == ["temperature 25.06 °C", "humidity 50.55 %"])
        #expect(advert.format == .bthomeEncrypted)
        #expect(advert.envelope.isEncrypted)
        #expect(advert.envelope.counter == 0x3322_1100)
        let other = #expect(throws: Refusal.self) {
            try Self.decode(Self.encrypted, key: Self.key, address: BluetoothAddress(rawValue: 1))
        }
        #expect(other?.code == .wrongKey)
        let none = #expect(throws: Refusal.self) { try Self.decode(Self.encrypted, key: Self.key, address: nil) }
        #expect(none?.code == .addressMissing)
    }

    @Test func anAddressInsideGoesBeforeTheRadios() throws {
        let data = "43a5808fe64854f196c06ffb4900112233f08ecbde"
        let advert = try Self.decode(data, key: Self.key, address: nil)
        #expect(advert.envelope.embeddedAddress == Self.address)
        #expect(advert["temperature"]?.valueText == "25.06")
    }

    @Test(
        arguments: [
            ("4002ca0902cf09", ["temperature_1 25.06 °C", "temperature_2 25.11 °C"]),
            // 0.35 °C, 0.1 °C and 0.01 °C are the same quantity.
            ("4002ca09457300580a", ["temperature_1 25.06 °C", "temperature_2 11.5 °C", "temperature_3 3.5 °C"]),
            // Millimetres and metres are not, and yet have one name: the later one stays.
            ("40400c00414e00", ["distance 7.8 m"]),
            ("40400c00400d00414e00", ["distance_1 12 mm", "distance_2 13 mm", "distance 7.8 m"]),
            // A sensor and a binary sensor of one name have nothing to do with each other.
            ("4014010020012f05", ["moisture_1 0.01 %", "binary:moisture true", "moisture_2 5 %"]),
            // The first of three buttons was not pressed; an unassigned press is none either.
            ("403a003a013a07", ["event:button_2 press"]),
            ("403c01033c02ff", ["event:dimmer_1 rotate_left (3 steps)", "event:dimmer_2 rotate_right (255 steps)"]),
            ("403b0002", ["event:command toggle"]), ("403be203aabb", ["event:command step_up (aabb)"]),
            ("403b0009010a", ["battery 10 %"]),
            // A text that is no UTF-8 is left out, and counted all the same.
            ("405302c3a95301ff530141", ["text_1 é", "text_3 A"]),
            // An empty text is not there at all.
            ("4053005301415400", ["text A"]),
            ("4054020aff", ["raw 0aff"]),
            // Unknown ids end it; what came before stays.
            ("40015d99020000", ["battery 93 %"]), ("40015d02", ["battery 93 %"]), ("40015d5305aa", ["battery 93 %"]),
            ("400fff1002", ["binary:generic true", "binary:power true"]),
            ("4050ffffffff", ["timestamp 2106-02-07T06:28:15+00:00"]),
            ("405080a9595e", ["timestamp 2020-02-29T00:00:00+00:00"]),
            ("40507f1fd4f4", ["timestamp 2100-02-28T23:59:59+00:00"]),
            ("4050801fd4f4", ["timestamp 2100-03-01T00:00:00+00:00"]),
            ("40507f436d38", ["timestamp 1999-12-31T23:59:59+00:00"]),
        ] as [(String, [String])])
    func objectsAreReadByTheBook(data: String, expected: [String]) throws {
        let advert = try? AdvertDecoder.standard.decode(Self.payload(data))
        #expect(advert.map(Self.texts) ?? [] == expected)
    }

    @Test func whatIsAboutTheDeviceIsNoMeasurement() throws {
        let advert = try Self.decode("40f00100f100010204f2000106")
        #expect(advert.readings.isEmpty)
        #expect(advert.envelope.deviceType == 1)
        #expect(advert.envelope.firmware?.description == "6.1.0")
        #expect(try Self.decode("40f100010204").envelope.firmware?.description == "4.2.1.0")
    }

    @Test func theEnvelopeTellsWhatSurroundsTheMeasurements() throws {
        let plain = try Self.decode("4400a7015d")
        #expect(plain.envelope.packetID == 0xA7)
        #expect(plain.envelope.isTriggerBased)
        #expect(!plain.envelope.isEncrypted)
        #expect(!plain.envelope.isIncomplete)
        #expect(plain.envelope.counter == nil)
        #expect(try Self.decode("40015d99").envelope.isIncomplete)
        #expect(try Self.decode("42b2188d38c1a4015d").envelope.embeddedAddress?.hex == "A4C1388D18B2")
    }

    @Test func aPayloadFullOfObjectsFits() throws {
        // 250 bytes of objects of two bytes each.
        let data = "40" + String(repeating: "0105", count: 125)
        let advert = try Self.decode(data)
        #expect(advert.readings.count == 125)
        #expect(advert.readings.last?.name == "battery_125")
    }

    @Test func keysHaveSixteenBytes() {
        #expect(BindKey(hex: "00") == nil)
        #expect(BindKey(hex: Self.key + "00") == nil)
        #expect(BindKey(hex: "zz" + Self.key.dropFirst(2)) == nil)
        #expect(BindKey(hex: Self.key) != nil)
    }

    /// BTHome's objects of 0.35 °C: all 256, as the reference reader rounds them (`round(n * 0.35, 1)` in Python).
    @Test func halvesGoWhereTheReferenceReaderPutsThem() throws {
        let odd: [Int8: String] = [
            1: "0.3", 3: "1.0", 5: "1.8", 7: "2.4", 9: "3.1", 127: "44.4", -127: "-44.4", -7: "-2.4", -5: "-1.8",
            2: "0.7",
        ]
        for (raw, text) in odd {
            let data = "4058" + Hex.text([UInt8(bitPattern: raw)])
            #expect(try Self.decode(data)["temperature"]?.valueText == text, "\(raw)")
        }
    }
}
