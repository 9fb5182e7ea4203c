import Advertising
import Testing

@Suite struct ADStructureTests {
    @Test(
        arguments: [
            ([], [], false),
            ([0x02, 0x01, 0x06], [[0x01, 2, 1]], false),
            ([0x01, 0x0A], [[0x0A, 2, 0]], false),
            ([0x02, 0x01, 0x06, 0x00, 0x05, 0x09], [[0x01, 2, 1]], false),  // a zero ends early
            ([0x02, 0x01, 0x06, 0x03, 0x09, 0x41], [[0x01, 2, 1]], true),  // one byte short
            ([0x02, 0x01, 0x06, 0x02], [[0x01, 2, 1]], true),  // a length and nothing
            ([0xFF], [], true),
            ([0x01, 0x01, 0x01, 0x02], [[0x01, 2, 0], [0x02, 4, 0]], false),
        ] as [([UInt8], [[Int]], Bool)])
    func structuresAreWalked(payload: [UInt8], expected: [[Int]], isTruncated: Bool) {
        var cursor = ADCursor()
        var found: [[Int]] = []
        while let structure = cursor.next(in: payload.span) {
            found.append([Int(structure.type.rawValue), structure.offset, structure.count])
        }
        #expect(found == expected)
        #expect(cursor.isTruncated == isTruncated)
        #expect(cursor.next(in: payload.span) == nil)
    }

    @Test func theLongestStructureIsWalked() {
        let payload = [0xFF, 0x16] + [UInt8](repeating: 7, count: 254)
        #expect(ADStructures.all(in: payload) == [ADStructure(type: .serviceData16, offset: 2, count: 254)])
    }

    @Test func theCompleteNameGoesBeforeTheShortenedOne() {
        var writer = ADWriter()
        writer.append(.shortenedLocalName, Array("Ruu".utf8))
        #expect(ADStructures.localName(in: writer.payload) == "Ruu")
        writer.append(.completeLocalName, Array("Ruuvi".utf8))
        #expect(ADStructures.localName(in: writer.payload) == "Ruuvi")
        #expect(ADStructures.localName(in: [0x02, 0x09, 0xFF]) == nil)
    }

    @Test func aWriterRefusesWhatAStructureCannotHold() {
        var writer = ADWriter()
        let isLongTaken = writer.append(.manufacturerData, [UInt8](repeating: 0, count: 255))
        #expect(!isLongTaken)
        #expect(writer.payload.isEmpty)
        let isShortTaken = writer.append(.manufacturerData, number: 0x0499, [5])
        #expect(isShortTaken)
        #expect(writer.payload == [4, 0xFF, 0x99, 0x04, 5])
    }
}

@Suite struct BluetoothAddressTests {
    @Test(arguments: ["A4:C1:38:8D:18:B2", "a4:c1:38:8d:18:b2", "A4-C1-38-8D-18-B2", "A4C1388D18B2"])
    func addressesAreRead(text: String) {
        let address = BluetoothAddress(text)
        #expect(address?.rawValue == 0xA4C1_388D_18B2)
        #expect(address?.hex == "A4C1388D18B2")
        #expect(address?.description == "A4:C1:38:8D:18:B2")
        #expect(address?[0] == 0xA4)
        #expect(address?[5] == 0xB2)
    }

    @Test(arguments: [
        "", "A4:C1:38:8D:18", "A4:C1:38:8D:18:B2:00", "A4:C1:38:8D:18:B", "A4:C1-38:8D:18:B2", "A4C1:388D18B2",
        "A4C1388D18B", "A4C1388D18B2F", ":A4C1388D18B2", "A4:C1:38:8D:18:B2:", "G4:C1:38:8D:18:B2",
        "A4C1388D18:B2", "61DE521B-F0BF-9F44-64D4-75BBE1738105",
    ])
    func anythingElseIsNone(text: String) {
        #expect(BluetoothAddress(text) == nil)
    }

    @Test(arguments: [
        ("00:11:22:33:44:55", false, AddressKind.public), ("C0:11:22:33:44:55", true, .randomStatic),
        ("FF:11:22:33:44:55", true, .randomStatic), ("40:11:22:33:44:55", true, .resolvablePrivate),
        ("3F:11:22:33:44:55", true, .nonResolvablePrivate), ("80:11:22:33:44:55", true, .nonResolvablePrivate),
    ])
    func theTopBitsOfARandomAddressTellItsKind(text: String, isRandom: Bool, kind: AddressKind) throws {
        let address = try #require(BluetoothAddress(text))
        #expect(AddressKind(address, isRandom: isRandom) == kind)
        #expect(kind.isIdentity == (kind == .public || kind == .randomStatic))
    }

    @Test func hexadecimalTextIsStrict() {
        #expect(Hex.bytes("00fFa5") == [0, 0xFF, 0xA5])
        #expect(Hex.bytes("") == [])
        #expect(Hex.bytes("0") == nil)
        #expect(Hex.bytes("0x") == nil)
        #expect(Hex.bytes("é") == nil)
        #expect(Hex.text([0, 0xFF, 0xA5]) == "00ffa5")
    }
}
