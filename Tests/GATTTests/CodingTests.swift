import Testing

@testable import GATT

@Suite struct ATTCodingTests {
    private static let service: AttributeType = 0x180F
    private static let long = AttributeType("6E400001-B5A3-F393-E0A9-E50E24DCCA9E")

    /// Each message with its bytes, by the tables of Vol 3 Part F 3.4.
    static let pairs: [(ATTPDU, [UInt8])] = [
        (.errorResponse(request: 0x0A, handle: 0x0102, error: .insufficientEncryption), [0x01, 0x0A, 2, 1, 0x0F]),
        (.exchangeMTURequest(517), [0x02, 5, 2]), (.exchangeMTUResponse(23), [0x03, 23, 0]),
        (.findInformationRequest(first: 1, last: 0xFFFF), [0x04, 1, 0, 0xFF, 0xFF]),
        (.findInformationResponse([.init(handle: 4, type: 0x2902)]), [0x05, 1, 4, 0, 0x02, 0x29]),
        (
            .findInformationResponse([.init(handle: 4, type: long ?? 0)]),
            [0x05, 2, 4, 0, 0x9E, 0xCA, 0xDC, 0x24, 0x0E, 0xE5, 0xA9, 0xE0, 0x93, 0xF3, 0xA3, 0xB5, 1, 0, 0x40, 0x6E]
        ),
        (.readByTypeRequest(first: 1, last: 9, type: 0x2803), [0x08, 1, 0, 9, 0, 0x03, 0x28]),
        (
            .readByTypeResponse([.init(handle: 2, value: [7]), .init(handle: 3, value: [8])]),
            [0x09, 3, 2, 0, 7, 3, 0, 8]
        ),
        (.readRequest(3), [0x0A, 3, 0]), (.readResponse([]), [0x0B]), (.readResponse([1, 2]), [0x0B, 1, 2]),
        (.readBlobRequest(3, offset: 22), [0x0C, 3, 0, 22, 0]), (.readBlobResponse([9]), [0x0D, 9]),
        (.readByGroupTypeRequest(first: 1, last: 9, type: 0x2800), [0x10, 1, 0, 9, 0, 0x00, 0x28]),
        (
            .readByGroupTypeResponse([.init(first: 1, last: 5, value: [0x0F, 0x18])]),
            [0x11, 6, 1, 0, 5, 0, 0x0F, 0x18]
        ),
        (.writeRequest(3, [1]), [0x12, 3, 0, 1]), (.writeResponse, [0x13]), (.writeCommand(3, [1]), [0x52, 3, 0, 1]),
        (.prepareWriteRequest(3, offset: 18, [1]), [0x16, 3, 0, 18, 0, 1]),
        (.prepareWriteResponse(3, offset: 18, [1]), [0x17, 3, 0, 18, 0, 1]),
        (.executeWriteRequest(true), [0x18, 1]), (.executeWriteRequest(false), [0x18, 0]),
        (.executeWriteResponse, [0x19]), (.notification(3, [1]), [0x1B, 3, 0, 1]),
        (.indication(3, []), [0x1D, 3, 0]), (.confirmation, [0x1E]),
        (.multipleNotification([.init(handle: 3, value: [1, 2])]), [0x23, 3, 0, 2, 0, 1, 2]),
    ]

    @Test(arguments: pairs.indices) func bothWays(_ index: Int) throws {
        let (pdu, bytes) = Self.pairs[index]
        #expect(pdu.encoded == bytes)
        #expect(try ATTPDU(bytes) == pdu)
        #expect(pdu.opcode == bytes[0])
    }

    @Test(
        arguments: [
            [0x01, 0x0A, 2, 1], [0x01, 0x0A, 2, 1, 0x0F, 0], [0x02], [0x03, 1, 2, 3], [0x04, 1, 0, 1], [0x05],
            [0x05, 1],
            [0x05, 3, 1, 0, 2, 0], [0x05, 1, 1, 0, 2], [0x08, 1, 0, 9, 0, 3], [0x09, 1, 0], [0x09, 3, 2, 0], [0x09, 3],
            [0x0A, 1], [0x0C, 1, 0, 1], [0x10, 1, 0, 9, 0], [0x11, 3, 1, 0, 2], [0x11, 6, 1, 0, 5, 0, 0x0F], [0x12, 1],
            [0x13, 0], [0x16, 1, 0, 1], [0x18], [0x18, 2], [0x19, 1], [0x1B, 1], [0x1E, 0], [0x23, 3, 0, 2, 0, 1],
        ] as [[UInt8]]) func malformed(_ bytes: [UInt8])
    {
        #expect(throws: ATTDecodeError.malformed(opcode: bytes[0])) { try ATTPDU(bytes) }
    }

    @Test func nothingAndTheUnknownAreToldApart() {
        #expect(throws: ATTDecodeError.empty) { try ATTPDU([]) }
        #expect(throws: ATTDecodeError.unknownOpcode(0x7E)) { try ATTPDU([0x7E, 1]) }
    }

    @Test(arguments: [
        ("2A19", "2A19", 2), ("0x2a19", "2A19", 2), ("0000180f-0000-1000-8000-00805f9b34fb", "180F", 2),
        ("6e400001-b5a3-f393-e0a9-e50e24dcca9e", "6E400001-B5A3-F393-E0A9-E50E24DCCA9E", 16),
    ]) func types(_ row: (text: String, shown: String, size: Int)) throws {
        let type = try #require(AttributeType(row.text))
        #expect(type.description == row.shown)
        #expect(type.wire.count == row.size)
        #expect(AttributeType(wire: type.wire) == type)
    }

    @Test(arguments: ["", "2A1", "2A1G", "0x2A", "2A190", "6e400001b5a3f393e0a9e50e24dcca9e", "180F-"])
    func noTypes(_ text: String) { #expect(AttributeType(text) == nil) }

    @Test func errorsHaveTheirNames() {
        #expect(ATTError.insufficientEncryption.description == "Insufficient Encryption")
        #expect(ATTError(rawValue: 0x13).description == "Value Not Allowed")
        #expect(ATTError(rawValue: 0x81).description == "application error 0x81")
        #expect(ATTError(rawValue: 0xFF).description == "Out of Range")
        #expect(ATTError(rawValue: 0x50).description == "error 0x50")
    }
}
