import Advertising
import Testing

@Suite struct CharacteristicTests {
    static func decode(_ number: UInt16, _ hex: String) throws -> [CharacteristicReading] {
        let definition = try #require(CharacteristicDefinition.assigned(number))
        return try definition.decode(try #require(Hex.bytes(hex)))
    }

    static func value(_ number: UInt16, _ hex: String) throws -> CharacteristicValue {
        try #require(try decode(number, hex).first).value
    }

    @Test(
        arguments: [
            (0x2A19, "64", .number(mantissa: 100, decimals: 0)),
            (0x2A6E, "ca09", .number(mantissa: 2506, decimals: 2)),
            (0x2A6E, "d8f1", .number(mantissa: -3624, decimals: 2)), (0x2A6E, "0080", .missing),
            (0x2A6E, "ca09ffff", .number(mantissa: 2506, decimals: 2)),  // later versions may append
            (0x2A6F, "ffff", .missing), (0x2A6F, "1027", .number(mantissa: 10_000, decimals: 2)),
            (0x2A6D, "cd750f00", .number(mantissa: 1_013_197, decimals: 1)),
            (0x2A6C, "ff00ff", .number(mantissa: -65_281, decimals: 2)),
            (0x2AFB, "ffffff", .missing), (0x2AFB, "102700", .number(mantissa: 10_000, decimals: 2)),
            (0x2B8C, "ffff", .missing), (0x2B8C, "feff", .missing),
            (0x2B8C, "e803", .number(mantissa: 1000, decimals: 0)),
            (0x2AB3, "0000", .number(mantissa: -1000, decimals: 1)),
            (0x2B04, "c8", .number(mantissa: 1000, decimals: 1)),
            (0x2B18, "4000", .number(mantissa: 1_000_000, decimals: 6)),
            (0x2A56, "05", .digitals([1, 1, 0, 0])), (0x2A56, "1b", .digitals([3, 2, 1, 0])),
            (0x2A56, "", .digitals([])),
            (0x2A29, "41434d45", .text("ACME")), (0x2A29, "41434d450000", .text("ACME")), (0x2A29, "", .text("")),
            (0x2AE2, "02", .boolean(true)), (0x2A5A, "0512", .bytes([5, 0x12])),
            // SFLOAT: 10^-9 kg/m³ are 1 µg/m³.
            (0x2BD6, "0c70", .number(mantissa: 120_000_000, decimals: 0)),
            (0x2BD6, "0c90", .number(mantissa: 12, decimals: 7)), (0x2BD6, "ffff", .number(mantissa: -1, decimals: 1)),
            (0x2BD6, "ff07", .missing), (0x2BD6, "fe07", .missing), (0x2BD6, "0008", .missing),
            (0x2BD6, "0108", .missing), (0x2BD6, "0208", .missing),
            (0x2BD6, "0308", .number(mantissa: -2045, decimals: 0)),
        ] as [(UInt16, String, CharacteristicValue)])
    func valuesAreReadByTheirLayout(number: UInt16, hex: String, expected: CharacteristicValue) throws {
        #expect(try Self.value(number, hex) == expected)
    }

    @Test(
        arguments: [
            (0x2A19, "65", .outOfRange), (0x2A19, "", .wrongLength), (0x2A6F, "1127", .outOfRange),
            (0x2A6E, "4c95", .outOfRange), (0x2A6E, "00", .wrongLength), (0x2A71, "9f8c", nil),
            (0x2A71, "a08c", .outOfRange), (0x2A29, "ff", .notText), (0x2A50, "03000000000000", .outOfRange),
            (0x2A50, "010000", .wrongLength), (0x2A1C, "02", .wrongLength), (0x2A1C, "", .wrongLength),
        ] as [(UInt16, String, CharacteristicError.Code?)])
    func whatIsNoValueIsRefused(number: UInt16, hex: String, code: CharacteristicError.Code?) throws {
        var found: CharacteristicError.Code?
        let definition = try #require(CharacteristicDefinition.assigned(number))
        do throws(CharacteristicError) {
            _ = try definition.decode(Hex.bytes(hex) ?? [])
        } catch {
            found = error.code
            #expect(!error.description.isEmpty)
        }
        #expect(found == code)
    }

    @Test func fieldsComeAndGoByTheirFlags() throws {
        // 36.7 °C, no time, type 2; 98.6 °F.
        let celsius = try Self.decode(0x2A1C, "046f0100ff02")
        #expect(
            celsius.map(\.name) == ["flags", "temperature", "temperature_type"].map { "Temperature Measurement.\($0)" })
        #expect(celsius[1].value == .number(mantissa: 367, decimals: 1))
        #expect(celsius[1].unit == "°C")
        let fahrenheit = try Self.decode(0x2A1C, "01da0300ff")
        #expect(fahrenheit[1].value == .number(mantissa: 986, decimals: 1))
        #expect(fahrenheit[1].unit == "°F")
        #expect(try Self.decode(0x2A37, "0048")[1].value == .number(mantissa: 72, decimals: 0))
        #expect(try Self.decode(0x2A37, "094801d204")[2].value == .number(mantissa: 1234, decimals: 0))
    }

    @Test func aNameWithATypesettersMarkHasATitle() throws {
        #expect(try #require(CharacteristicDefinition.assigned(0x2B8C)).title == "CO2 Concentration")
        #expect(try #require(CharacteristicDefinition.assigned(0x2A6E)).title == "Temperature")
        #expect(CharacteristicDefinition.assigned(0x0000) == nil)
    }

    /// What is read is written back as it was, for every assigned value that can be written and many contents.
    @Test func writingIsTheInverseOfReading() throws {
        var generator = SystemRandomNumberGenerator()
        var written = 0
        for number in CharacteristicDefinition.assignedNumbers {
            let definition = try #require(CharacteristicDefinition.assigned(number))
            guard definition.isEncodable else { continue }
            for _ in 0..<50 {
                let length =
                    definition.fields.contains { $0.form.size == nil }
                    ? Int.random(in: 0...9) : definition.minimumLength
                let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &generator) }
                guard let readings = try? definition.decode(bytes), !readings.contains(where: { $0.value == .missing }),
                    !bytes.contains(0) || definition.fields.first?.form != .text
                else { continue }
                let again = try definition.encode(readings.map(\.value))
                // Zero and other numbers have several SFLOATs, "yes" has several bytes: the values must be the same.
                #expect(try definition.decode(again) == readings, "\(definition.name) \(Hex.text(bytes))")
                written += 1
            }
        }
        #expect(written > 1000)
    }

    @Test(
        arguments: [
            (.unsigned(1), 255, 0, "ff"), (.unsigned(1), 256, 0, nil), (.unsigned(1), -1, 0, nil),
            (.unsigned(2), 254, 1, "1900"), (.unsigned(2), 255, 1, "1a00"),  // halves away from zero
            (.signed(1), -128, 0, "80"), (.signed(1), -129, 0, nil), (.signed(3), -65_281, 0, "ff00ff"),
            (.shortFloat, 12, 7, "0c90"), (.shortFloat, 2045, 0, "fd07"), (.shortFloat, 2046, 0, "cd10"),
            (.shortFloat, Int64.max, 0, nil), (.float, 367, 1, "6f0100ff"), (.float32, 15, 1, "0000c03f"),
            (.float64, 15, 1, "000000000000f83f"), (.boolean, 1, 0, nil), (.text, 1, 0, nil),
            (.unsigned(8), .max, 0, "ffffffffffffff7f"), (.unsigned(4), .max, 0, nil),
            (.signed(8), .min, 0, "0000000000000080"),
        ] as [(CharacteristicForm, Int64, UInt8, String?)])
    func numbersAreWritten(form: CharacteristicForm, mantissa: Int64, decimals: UInt8, hex: String?) {
        let definition = CharacteristicDefinition(name: "X", fields: [CharacteristicField(form)])
        let bytes = try? definition.encode([.number(mantissa: mantissa, decimals: decimals)])
        #expect(bytes.map { Hex.text($0) } == hex)
    }

    @Test func aSetPointIsWrittenInTheFieldsUnit() throws {
        let definition = try #require(CharacteristicDefinition.assigned(0x2A6E))
        #expect(try definition.encode([.number(mantissa: 215, decimals: 1)]) == [0x66, 0x08])
        #expect(throws: CharacteristicError.self) { try definition.encode([.number(mantissa: 400, decimals: 0)]) }
        #expect(throws: CharacteristicError.self) { try definition.encode([.text("warm")]) }
        #expect(throws: CharacteristicError.self) { try definition.encode([]) }
        let altitude = try #require(CharacteristicDefinition.assigned(0x2AB3))
        #expect(try altitude.encode([.number(mantissa: -100, decimals: 0)]) == [0, 0])
        let digital = try #require(CharacteristicDefinition.assigned(0x2A56))
        #expect(try digital.encode([.digitals([1, 1, 0, 3, 2])]) == [0xC5, 0x02])
        #expect(throws: CharacteristicError.self) { try digital.encode([.digitals([4])]) }
    }

    @Test func formsHaveNamesForTheConfiguration() {
        for name in CharacteristicForm.names { #expect(CharacteristicForm(name) != nil, "\(name)") }
        #expect(CharacteristicForm("s24") == .signed(3))
        #expect(CharacteristicForm("utf8") == .text)
        for name in ["", "u", "u7", "u72", "x8", "s0", "u-8", "U8"] { #expect(CharacteristicForm(name) == nil) }
    }
}
