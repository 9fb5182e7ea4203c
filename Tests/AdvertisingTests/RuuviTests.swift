import Foundation
import Testing

@testable import Advertising

@Suite struct RuuviTests {
    static func decode(_ data: String) throws -> DecodedAdvert? {
        var writer = ADWriter()
        writer.append(.manufacturerData, number: 0x0499, Hex.bytes(data) ?? [])
        return try AdvertDecoder.standard.decode(writer.payload)
    }

    @Test func voidValuesAreMissingAndNotZero() throws {
        let advert = try #require(try Self.decode("058000ffffffff800080008000ffffffffffffffffffffff"))
        let missing = Set(advert.readings.filter { $0.value == .missing }.map(\.name))
        #expect(
            missing == [
                "temperature", "humidity", "pressure", "acceleration", "acceleration_x", "acceleration_y",
                "acceleration_z", "battery", "tx_power",
            ])
    }

    @Test func oneVoidAxisVoidsAll() throws {
        let advert = try #require(try Self.decode("05138a5f92c4f3ffe48000041400000000000000000000ff"))
        for name in ["acceleration", "acceleration_x", "acceleration_y", "acceleration_z"] {
            #expect(advert[name]?.value == .missing)
        }
        #expect(advert["temperature"]?.valueText == "25.01")
    }

    @Test(arguments: [
        ("03ff7f63ffff7fff7fff7fffffff", "127.99"), ("03000000000000000000000000ff", "0.00"),
        ("03008000000000000000000000ff", "0.00"), ("03008001000000000000000000ff", "-0.01"),
        ("0300ff63000000000000000000ff", "-127.99"), ("03001505000000000000000000ff", "21.05"),
    ])
    func format3CountsInSignAndMagnitude(data: String, temperature: String) throws {
        #expect(try #require(try Self.decode(data))["temperature"]?.valueText == temperature)
    }

    @Test(arguments: [
        ("", 0), ("03", 1), ("05", 1), ("06", 1), ("e1", 1), ("05138a5f92c4f3ffe4ffdc0414c4f6ec29bbe62eb92e73", 23),
    ])
    func shortOnesAreRefused(data: String, found: Int) {
        let error = #expect(throws: Refusal.self) { try Self.decode(data) }
        #expect(error?.code == .wrongLength)
        #expect(error?.found == found)
    }

    @Test(arguments: ["02", "04", "07", "08", "e0", "ff"])
    func otherFormatsAreRefused(first: String) {
        let error = #expect(throws: Refusal.self) { try Self.decode(first + String(repeating: "00", count: 40)) }
        #expect(error?.code == .unknownVersion)
    }

    /// The table of format 6 is the formula of Ruuvi's document.
    @Test func luminosityIsLogarithmic() {
        #expect(Ruuvi.luminosityCentilux.count == 255)
        for (code, centilux) in Ruuvi.luminosityCentilux.enumerated() {
            let lux = exp(Double(code) * log(65_536) / 254) - 1
            #expect(centilux == Int64((lux * 100).rounded()))
        }
    }

    @Test func theAddressInsideIsInTheEnvelope() throws {
        let advert = try #require(try Self.decode("05138a5f92c4f3ffe4ffdc0414c4f6ec29bbe62eb92e73e5"))
        #expect(advert.envelope.embeddedAddress?.description == "E6:2E:B9:2E:73:E5")
    }
}

@Suite struct ATCTests {
    static func decode(_ data: String) throws -> DecodedAdvert? {
        var writer = ADWriter()
        writer.append(.serviceData16, number: 0x181A, Hex.bytes(data) ?? [])
        return try AdvertDecoder.standard.decode(writer.payload)
    }

    @Test func theLengthTellsTheTwoApart() throws {
        let first = try #require(try Self.decode("a4c1380111f1ffff63640c1c01"))
        #expect(first.format == .atc1441)
        #expect(first.readings.map(\.description) == ["tempc -0.1 °C", "hum 99 %", "batt 100 %", "volt 3.100 V"])
        #expect(first.envelope.embeddedAddress?.hex == "A4C1380111F1")
        #expect(first.envelope.packetID == 1)
        let second = try #require(try Self.decode("f0100038c1a4240911148b0b580305"))
        #expect(second.format == .pvvx)
        #expect(second.envelope.embeddedAddress?.hex == "A4C1380010F0")
        #expect(second.envelope.packetID == 3)
    }

    @Test(arguments: [0, 1, 6, 7, 9, 10, 12, 14, 16, 20])
    func otherLengthsAreRefused(length: Int) {
        let error = #expect(throws: Refusal.self) { try Self.decode(String(repeating: "00", count: length)) }
        #expect(error?.code == .wrongLength)
    }
}

@Suite struct ScalingTests {
    /// Raw, by hand or by Python's `round(raw / 200, 2)`, `round(raw / 400, 2)`, `round(raw * 0.0025, 3)`.
    @Test(
        arguments: [
            (Scaling(multiplier: 5, dropped: 1, decimals: 2), 1, 1),
            (Scaling(multiplier: 5, dropped: 1, decimals: 2), 3, 1),
            (Scaling(multiplier: 5, dropped: 1, decimals: 2), 25, 12),
            (Scaling(multiplier: 5, dropped: 1, decimals: 2), 75, 38),
            (Scaling(multiplier: 5, dropped: 1, decimals: 2), -25, -12),
            (Scaling(multiplier: 5, dropped: 1, decimals: 2), -1, -1),
            (Scaling(multiplier: 5, dropped: 1, decimals: 2), -3, -1),
            (Scaling(multiplier: 5, dropped: 1, decimals: 2), 4, 2),
            (Scaling(multiplier: 25, dropped: 2, decimals: 2), 1, 0),
            (Scaling(multiplier: 25, dropped: 2, decimals: 2), 3, 1),
            (Scaling(multiplier: 25, dropped: 2, decimals: 2), 2, 1),
            (Scaling(multiplier: 25, dropped: 2, decimals: 2), 50, 12),
            (Scaling(offset: 50_000, decimals: 2), 0, 50_000), (.one, -7, -7), (.decimals(3), 5, 5),
        ] as [(Scaling, Int64, Int64)])
    func halvesAndOthers(scaling: Scaling, raw: Int64, mantissa: Int64) {
        #expect(scaling.mantissa(raw) == mantissa)
    }

    @Test func everyMetricHasAName() {
        for metric in Metric.allCases {
            #expect(!metric.definition.name.isEmpty)
            #expect(!metric.definition.title.isEmpty)
        }
        #expect(Set(BTHomeObject.all.map(\.id)).count == BTHomeObject.all.count)
    }

    @Test func utf8IsJudgedAsTheStandardLibraryDoes() {
        let alphabet: [UInt8] = [
            0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xED, 0xEF, 0xF0, 0xF4, 0xF5,
        ]
        // Every string of up to three of them, and those of four that a lead byte of four starts.
        var strings: [[UInt8]] = [[]]
        for _ in 0..<3 { strings += strings.flatMap { string in alphabet.map { string + [$0] } } }
        for third in alphabet {
            strings += [0xF0, 0xF4, 0xF1].flatMap { lead in alphabet.map { [lead, third, 0x80, $0] } }
        }
        for bytes in Set(strings) {
            #expect(bytes.span.isUTF8(0..<bytes.count) == (String(validating: bytes, as: UTF8.self) != nil), "\(bytes)")
        }
    }
}

@Suite struct AdvertTextTests {
    @Test func peopleReadStructuresFormatAndReadings() throws {
        let payload = try #require(Hex.bytes("0201060a16d2fc4002ca0903bf130b094154435f384431384232"))
        let answer = AdvertText.describe(payload)
        #expect(answer.isDecoded)
        #expect(answer.lines.contains("format: bthome-v2"))
        #expect(answer.lines.contains("  temperature 25.06 °C"))
        #expect(answer.lines.contains { $0.contains("\"ATC_8D18B2\"") })
        #expect(!AdvertText.describe([0x02, 0x01, 0x06]).isDecoded)
        #expect(AdvertText.describe([0x05, 0x01]).lines.contains { $0.contains("cut short") })
    }
}
