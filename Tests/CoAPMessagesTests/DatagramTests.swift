import CoAPMessages
import Testing

@Suite struct DatagramTests {
    struct Example: Sendable {
        let name: String
        let bytes: String
        let datagram: Datagram
    }

    static let examples: [Example] = [
        // RFC 7252 appendix A, figures 16 to 21.
        Example(
            name: "confirmable GET /temperature", bytes: "40 01 7d34 bb 74656d7065726174757265",
            datagram: Datagram(kind: .confirmable, id: 0x7d34, message: Message(code: .get, path: "temperature"))),
        Example(
            name: "piggybacked 2.05", bytes: "60 45 7d34 ff 32322e332043",
            datagram: Datagram(
                kind: .acknowledgement, id: 0x7d34, message: Message(code: .content, payload: Array("22.3 C".utf8)))),
        Example(
            name: "with a token", bytes: "41 01 7d35 20 bb 74656d7065726174757265",
            datagram: Datagram(
                kind: .confirmable, id: 0x7d35,
                message: Message(code: .get, token: Token([0x20]) ?? .empty, path: "temperature"))),
        Example(
            name: "non-confirmable response", bytes: "51 45 7d40 75 ff 32322e332043",
            datagram: Datagram(
                kind: .nonConfirmable, id: 0x7d40,
                message: Message(code: .content, token: Token([0x75]) ?? .empty, payload: Array("22.3 C".utf8)))),
        Example(name: "empty acknowledgement", bytes: "60 00 7d38", datagram: .empty(.acknowledgement, id: 0x7d38)),
        Example(name: "reset", bytes: "70 00 7d38", datagram: .empty(.reset, id: 0x7d38)),
        Example(
            name: "OCF query", bytes: "48 01 0001 0102030405060708 b3 6f6963 03 726573 46 69663d613d62 d2 f4 0800",
            datagram: Datagram(
                kind: .confirmable, id: 1,
                message: {
                    var message = Message(
                        code: .get, token: Token(0x0102_0304_0506_0708), path: "/oic/res", query: ["if=a=b"])
                    message.options.add(OptionNumber(rawValue: 272), [8, 0])
                    return message
                }())),
    ]

    @Test(arguments: examples) func examplesReadAndWrite(_ example: Example) throws {
        let bytes = hex(example.bytes)
        #expect(try Datagram.decode(bytes) == example.datagram, "\(example.name)")
        #expect(example.datagram.encoded() == bytes, "\(example.name)")
        #expect(example.datagram.encodedLength == bytes.count)
    }

    struct Malformed: Sendable {
        let name: String
        let bytes: String
        let code: MessageError.Code
        /// Whether a Reset goes back (RFC 7252 §4.2, §4.3).
        let isReset: Bool
    }

    static let malformed: [Malformed] = [
        Malformed(name: "nothing", bytes: "", code: .truncated, isReset: false),
        Malformed(name: "three bytes", bytes: "40 01 7d", code: .truncated, isReset: false),
        Malformed(name: "version 0", bytes: "00 01 0001", code: .unknownVersion, isReset: false),
        Malformed(name: "version 2", bytes: "80 01 0001", code: .unknownVersion, isReset: false),
        Malformed(name: "version 3", bytes: "c0 01 0001", code: .unknownVersion, isReset: false),
        Malformed(
            name: "token length 9, CON", bytes: "49 01 0001 010203040506070809", code: .reservedTokenLength,
            isReset: true),
        Malformed(name: "token length 15, NON", bytes: "5f 01 0001", code: .reservedTokenLength, isReset: false),
        Malformed(name: "token cut off", bytes: "44 01 0001 010203", code: .truncated, isReset: true),
        Malformed(name: "empty with token", bytes: "41 00 0001 aa", code: .emptyMessageWithContent, isReset: true),
        Malformed(name: "empty with bytes", bytes: "40 00 0001 ff", code: .emptyMessageWithContent, isReset: true),
        Malformed(name: "empty ACK with bytes", bytes: "60 00 0001 00", code: .emptyMessageWithContent, isReset: false),
        Malformed(name: "class 1", bytes: "40 21 0001", code: .reservedCode, isReset: true),
        Malformed(name: "class 3", bytes: "40 61 0001", code: .reservedCode, isReset: true),
        Malformed(name: "class 6, NON", bytes: "50 c1 0001", code: .reservedCode, isReset: false),
        Malformed(name: "class 7", bytes: "40 e1 0001", code: .reservedCode, isReset: true),
        Malformed(name: "marker without payload", bytes: "40 01 0001 ff", code: .emptyPayload, isReset: true),
        Malformed(name: "marker without payload, ACK", bytes: "60 45 0001 ff", code: .emptyPayload, isReset: false),
        Malformed(name: "delta 15", bytes: "40 01 0001 f0 00", code: .reservedOptionDelta, isReset: true),
        Malformed(name: "length 15", bytes: "40 01 0001 0f 00", code: .reservedOptionLength, isReset: true),
        Malformed(name: "option too long", bytes: "40 01 0001 b5 61", code: .optionBeyondEnd, isReset: true),
        Malformed(name: "no delta extension", bytes: "40 01 0001 d0", code: .optionBeyondEnd, isReset: true),
        Malformed(name: "half a delta extension", bytes: "40 01 0001 e0 00", code: .optionBeyondEnd, isReset: true),
        Malformed(name: "no length extension", bytes: "40 01 0001 0d", code: .optionBeyondEnd, isReset: true),
        Malformed(name: "half a length extension", bytes: "40 01 0001 0e ff", code: .optionBeyondEnd, isReset: true),
        Malformed(name: "number 65536", bytes: "40 01 0001 e0fef2 10", code: .optionNumberTooLarge, isReset: true),
        Malformed(name: "number 65804", bytes: "40 01 0001 e0ffff", code: .optionNumberTooLarge, isReset: true),
    ]

    @Test(arguments: malformed) func malformedDatagramsAreRefused(_ row: Malformed) {
        do throws(MessageError) {
            let datagram = try Datagram.decode(hex(row.bytes))
            Issue.record("\(row.name): read as \(datagram)")
        } catch {
            #expect(error.code == row.code, "\(row.name)")
            #expect((error.resetID != nil) == row.isReset, "\(row.name)")
            #expect(!error.reason.isEmpty)
        }
    }

    @Test func limitsHold() throws {
        var limits = MessageLimits()
        limits.optionCount = 2
        limits.optionsLength = 10
        limits.messageSize = 20
        func code(_ message: Message) -> MessageError.Code? {
            do throws(MessageError) {
                _ = try Datagram.decode(
                    Datagram(kind: .confirmable, id: 1, message: message).encoded(), limits: limits)
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(Message(code: .get, path: "/a/b")) == nil)
        #expect(code(Message(code: .get, path: "/a/b/c")) == .tooManyOptions)
        #expect(code(Message(code: .get, path: "/123456789")) == nil)
        #expect(code(Message(code: .get, path: "/1234567890")) == .optionsTooLong)
        #expect(code(Message(code: .get, payload: [UInt8](repeating: 1, count: 15))) == nil)
        #expect(code(Message(code: .get, payload: [UInt8](repeating: 1, count: 16))) == .messageTooLarge)
    }

    @Test func whatIsWrittenIsReadBack() throws {
        var generator = SplitMix(state: 2)
        let codes = (UInt8.min...UInt8.max).filter {
            Code(rawValue: $0).isRequest || Code(rawValue: $0).isResponse
        }
        for id in 0..<2000 {
            let message = randomMessage(&generator, codes: codes)
            let kind = try #require(Datagram.Kind(rawValue: UInt8(id % 4)))
            let datagram = Datagram(kind: kind, id: UInt16(id), message: message)
            let bytes = datagram.encoded()
            #expect(bytes.count == datagram.encodedLength)
            #expect(try Datagram.decode(bytes) == datagram)
        }
    }

    @Test func noBytesAreTooStrange() {
        // Every prefix and every flipped bit of a message with all forms of options: an error or a message, no crash;
        // and what is read is written back the same.
        var options = Options()
        for number in [1, 14, 300, 2053] { options.add(OptionNumber(rawValue: UInt16(number)), [1, 2, 3]) }
        options.add(OptionNumber(rawValue: 2054), [UInt8](repeating: 1, count: 300))
        let message = Message(code: .post, token: Token(5), options: options, payload: [1, 2])
        let bytes = Datagram(kind: .confirmable, id: 9, message: message).encoded()
        for count in 0...bytes.count { _ = try? Datagram.decode(Array(bytes.prefix(count))) }
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            if let datagram = try? Datagram.decode(flipped) { #expect(datagram.encoded() == flipped) }
        }
    }
}
