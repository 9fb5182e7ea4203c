import CoAPMessages
import Testing

@Suite struct StreamFrameTests {
    /// Bytes of options, marker and payload, and the frame's first bytes (RFC 8323 §3.2).
    static let lengths: [(Int, String)] = [
        (0, "00 01"), (2, "20 01"), (12, "c0 01"), (13, "d0 00 01"), (14, "d0 01 01"), (268, "d0 ff 01"),
        (269, "e0 0000 01"), (270, "e0 0001 01"), (65_804, "e0 ffff 01"), (65_805, "f0 00000000 01"),
        (65_806, "f0 00000001 01"), (200_000, "f0 00020c33 01"),
    ]

    @Test(arguments: lengths) func everyLengthFormReadsAndWrites(_ length: Int, _ head: String) throws {
        let message = Message(code: .get, payload: [UInt8](repeating: 9, count: max(0, length - 1)))
        let frame = message.encodedFrame()
        #expect(frame.starts(with: hex(head)))
        #expect(frame.count == hex(head).count + length)
        #expect(message.frameLength == frame.count)
        let header = try #require(try StreamFrame.header(frame.span))
        #expect(header.frameLength == frame.count)
        #expect(header.headerLength == hex(head).count)
        #expect(try Message.decode(frame: frame) == message)
        // Until the length is there, more is asked for.
        for count in 0..<header.headerLength - 1 {
            #expect(try StreamFrame.header(Array(frame.prefix(count)).span) == nil, "\(count)")
        }
    }

    @Test func examplesOfTheStandard() throws {
        // RFC 8323 §3.2: a 2.03 without options or payload; §5.7: Ping and Pong.
        let ping = Message(code: .ping, token: try #require(Token([0x42])))
        #expect(ping.encodedFrame() == hex("01 e2 42"))
        #expect(try Message.decode(frame: hex("01 e2 42")) == ping)
        let pong = Message(code: .pong, token: try #require(Token([0x42])))
        #expect(pong.encodedFrame() == hex("01 e3 42"))
        #expect(Message(code: .valid, token: try #require(Token([0x7F]))).encodedFrame() == hex("01 43 7f"))
        let csm = Capabilities(maxMessageSize: 1152, blockWiseTransfer: true).message(token: .empty)
        #expect(csm.encodedFrame() == hex("40 e1 22 0480 20"))
        #expect(Message(code: .empty).encodedFrame() == hex("00 00"))
    }

    struct Malformed: Sendable {
        let name: String
        let bytes: String
        let code: MessageError.Code
    }

    static let malformed: [Malformed] = [
        Malformed(name: "nothing", bytes: "", code: .truncated),
        Malformed(name: "token length 9", bytes: "09 01 010203040506070809", code: .reservedTokenLength),
        Malformed(name: "token length 15", bytes: "0f 01", code: .reservedTokenLength),
        Malformed(name: "class 1", bytes: "00 21", code: .reservedCode),
        Malformed(name: "class 3", bytes: "00 61", code: .reservedCode),
        Malformed(name: "class 6", bytes: "00 c1", code: .reservedCode),
        Malformed(name: "shorter than it says", bytes: "50 01 b3 6161", code: .truncated),
        Malformed(name: "longer than it says", bytes: "00 01 00", code: .truncated),
        Malformed(name: "marker without payload", bytes: "10 01 ff", code: .emptyPayload),
        Malformed(name: "delta 15", bytes: "20 01 f0 00", code: .reservedOptionDelta),
        Malformed(name: "length 15", bytes: "20 01 0f 00", code: .reservedOptionLength),
        Malformed(name: "option too long", bytes: "20 01 b5 61", code: .optionBeyondEnd),
        Malformed(name: "number 65536", bytes: "40 01 e0fef2 10", code: .optionNumberTooLarge),
        Malformed(name: "a length of 4 GB", bytes: "f0 ffffffff 01", code: .messageTooLarge),
        Malformed(name: "a length of 4 GB and more with the token", bytes: "f8 ffffffff 01", code: .messageTooLarge),
    ]

    @Test(arguments: malformed) func malformedFramesAreRefused(_ row: Malformed) {
        do throws(MessageError) {
            let message = try Message.decode(frame: hex(row.bytes))
            Issue.record("\(row.name): read as \(message)")
        } catch {
            #expect(error.code == row.code, "\(row.name)")
            #expect(error.resetID == nil)
        }
    }

    @Test func theSizeLimitCountsTheWholeFrame() throws {
        var limits = MessageLimits()
        let frame = Message(code: .get, token: Token(1), payload: [UInt8](repeating: 0, count: 100)).encodedFrame()
        limits.messageSize = frame.count
        #expect(try StreamFrame.header(frame.span, limits: limits) != nil)
        limits.messageSize = frame.count - 1
        #expect(throws: MessageError.self) { try Message.decode(frame: frame, limits: limits) }
    }

    @Test func whatIsWrittenIsReadBack() throws {
        var generator = SplitMix(state: 3)
        let codes = (UInt8.min...UInt8.max).filter { !Code(rawValue: $0).isReserved }
        for _ in 0..<2000 {
            let message = randomMessage(&generator, codes: codes)
            let bytes = message.encodedFrame()
            #expect(bytes.count == message.frameLength)
            #expect(try Message.decode(frame: bytes) == message)
        }
    }
}
