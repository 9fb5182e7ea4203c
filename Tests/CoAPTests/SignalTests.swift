import CoAPMessages
import NIOCore
import Testing

@testable import CoAP

/// RFC 8323 §5, byte by byte, against a peer the test plays itself.
@Suite struct SignalTests {
    static let echo = Served { request, exchange in
        exchange.respond(Message(code: .content, payload: request.payload))
    }

    @Test func theFirstMessageSaysWhatWeTake() throws {
        let raw = try RawPeer()
        let csm = try #require(try raw.receive())
        #expect(csm.code == .csm)
        var capabilities = Capabilities()
        try capabilities.apply(csm.options)
        #expect(capabilities == Capabilities(maxMessageSize: 262_144, blockWiseTransfer: true))
        #expect(csm.token.count == 8)
        #expect(try raw.receive() == nil)
    }

    @Test func ourFramesAreNeverShorterThanSevenBytes() throws {
        let raw = try RawPeer()
        #expect(try #require(try raw.receive()).frameLength >= 7)
        _ = raw.connection.ping(timeout: patience)
        #expect(try #require(try raw.receive()).frameLength >= 7)
        _ = raw.connection.send(Message(code: .get), timeout: patience)
        #expect(try #require(try raw.receive()).frameLength >= 7)
        try raw.send(Message(code: .ping))
        let pong = try #require(try raw.receive())
        #expect(pong.code == .pong)
        #expect(pong.token == .empty)
        #expect(pong.frameLength >= 7)
        raw.connection.close()
        let release = try #require(try raw.receive())
        #expect(release.code == .release)
        #expect(release.frameLength >= 7)
    }

    @Test func pingIsAnsweredWithItsToken() throws {
        let raw = try RawPeer.introduced()
        try raw.send(Message(code: .ping, token: Token(77)))
        #expect(try raw.receive() == Message(code: .pong, token: Token(77)))
    }

    @Test func custodyIsGivenOnceEarlierRequestsAreAnswered() throws {
        let open = Shared<[Exchange]>([])
        let raw = try RawPeer.introduced(handler: Served { _, exchange in open.update { $0.append(exchange) } })
        var ping = Message(code: .ping, token: Token(1))
        ping.options.add(.custody, [])
        // None open: at once.
        try raw.send(ping)
        #expect(try #require(try raw.receive()).options.contains(.custody))
        // Two open: when both are answered, and no matter what comes after the Ping.
        try raw.send(Message(code: .get, token: Token(11)))
        try raw.send(Message(code: .get, token: Token(12)))
        try raw.send(ping)
        try raw.send(Message(code: .get, token: Token(13)))
        #expect(try raw.receive() == nil)
        open.value[1].respond(.content)
        #expect(try #require(try raw.receive()).token == Token(12))
        #expect(try raw.receive() == nil)
        open.value[0].respond(.content)
        let last = [try #require(try raw.receive()), try #require(try raw.receive())]
        #expect(Set(last.map(\.code)) == [.content, .pong])
        #expect(try #require(last.first { $0.code == .pong }).options.contains(.custody))
        // Too late: a Pong all the same, without Custody.
        try raw.send(ping)
        #expect(try raw.receive() == nil)
        raw.advance(Limits.default.custodyTimeout)
        let late = try #require(try raw.receive())
        #expect(late.code == .pong)
        #expect(!late.options.contains(.custody))
        // A Ping without Custody never waits.
        try raw.send(Message(code: .ping, token: Token(2)))
        #expect(try #require(try raw.receive()).token == Token(2))
        open.value = []
    }

    @Test func pongAnswersOurPing() throws {
        let raw = try RawPeer.introduced()
        let future = raw.connection.ping(timeout: .seconds(5), custody: true)
        let ping = try #require(try raw.receive())
        #expect(ping.code == .ping)
        #expect(ping.options.contains(.custody))
        try raw.send(Message(code: .pong, token: Token(99)))
        #expect(raw.result(future) == nil)
        try raw.send(Message(code: .pong, token: ping.token))
        #expect(try raw.value(future) == false)
        // Without a token, as libcoap sends it: the oldest is meant.
        let (older, newer) = (raw.connection.ping(timeout: patience), raw.connection.ping(timeout: patience))
        try raw.send(Message(code: .pong))
        #expect(raw.result(older) != nil)
        #expect(raw.result(newer) == nil)
        try raw.send(Message(code: .pong))
        #expect(raw.result(newer) != nil)
        let silent = raw.connection.ping(timeout: .seconds(5))
        raw.advance(.seconds(5))
        #expect(raw.failure(silent) == .timeout)
        #expect(!raw.isClosed)
    }

    @Test func releaseEndsTheConnectionOnceNothingIsOpen() throws {
        let released = Shared<ReleaseNotice?>(nil)
        struct Handler: RequestHandler {
            let released: Shared<ReleaseNotice?>
            func handle(_ request: Message, _ exchange: Exchange) {}
            func released(_ connection: Connection, _ notice: ReleaseNotice) { released.value = notice }
        }
        let raw = try RawPeer.introduced(handler: Handler(released: released))
        let pending = raw.connection.send(Message(code: .get), timeout: patience)
        let request = try #require(try raw.receive())
        var notice = ReleaseNotice()
        notice.holdOff = 7
        try raw.send(notice.message(token: .empty))
        #expect(released.value == notice)
        #expect(!raw.isClosed)
        #expect(raw.failure(raw.connection.send(Message(code: .get), timeout: patience)) == .released)
        try raw.send(Message(code: .content, token: request.token))
        #expect(try raw.value(pending).code == .content)
        #expect(raw.isClosed)
    }

    @Test func shutdownLetsOpenExchangesEnd() throws {
        let open = Shared<[Exchange]>([])
        let raw = try RawPeer.introduced(handler: Served { _, exchange in open.update { $0.append(exchange) } })
        try raw.send(Message(code: .get, token: Token(1)))
        raw.connection.shutdown(timeout: .seconds(3))
        #expect(try #require(try raw.receive()).code == .release)
        #expect(!raw.isClosed)
        open.value[0].respond(.content)
        #expect(try #require(try raw.receive()).code == .content)
        #expect(raw.isClosed)

        let stuck = try RawPeer.introduced(handler: Served { _, exchange in open.update { $0.append(exchange) } })
        try stuck.send(Message(code: .get, token: Token(1)))
        stuck.connection.shutdown(timeout: .seconds(3))
        stuck.advance(.seconds(2))
        #expect(!stuck.isClosed)
        stuck.advance(.seconds(1))
        #expect(stuck.isClosed)
        open.value = []
    }

    @Test func abortByThePeerEndsEverything() throws {
        let raw = try RawPeer.introduced()
        let pending = raw.connection.send(Message(code: .get), timeout: patience)
        let ping = raw.connection.ping(timeout: patience)
        raw.channel.embeddedEventLoop.run()
        try raw.send(Message(code: .abort, payload: Array("no".utf8)))
        #expect(raw.failure(pending) == .abortedByPeer)
        #expect(raw.failure(ping) == .abortedByPeer)
        #expect(raw.isClosed)
        #expect(raw.failure(raw.connection.send(Message(code: .get), timeout: patience)) == .abortedByPeer)
    }

    @Test func emptyMessagesAndUnknownSignalsAreIgnored() throws {
        let raw = try RawPeer.introduced(handler: SignalTests.echo)
        try raw.send(bytes: [0, 0])
        try raw.send(Message(code: .empty, token: Token(3)))
        try raw.send(Message(code: Code(class: 7, detail: 9), token: Token(3)))
        #expect(try raw.receive() == nil)
        try raw.send(Message(code: .post, token: Token(4), payload: [5]))
        #expect(try #require(try raw.receive()).payload == [5])
    }

    struct Bad: Sendable {
        let name: String
        let bytes: [UInt8]
        var badCSMOption: UInt64?
    }

    static func frame(_ code: Code, _ options: [(UInt16, [UInt8])]) -> [UInt8] {
        var list = Options()
        for (number, value) in options { list.add(OptionNumber(rawValue: number), value) }
        return Message(code: code, options: list).encodedFrame()
    }

    static let bad: [Bad] = [
        Bad(name: "token length 9", bytes: [0x09, 0x01, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        Bad(name: "token length 15", bytes: [0x0F]),
        Bad(name: "class 1", bytes: [0x00, 0x21]),
        Bad(name: "class 6", bytes: [0x00, 0xC0]),
        Bad(name: "marker without payload", bytes: [0x10, 0x01, 0xFF]),
        Bad(name: "option beyond the end", bytes: [0x10, 0x01, 0xB5]),
        Bad(name: "reserved option length", bytes: [0x10, 0x01, 0x0F]),
        Bad(name: "larger than announced", bytes: [0xF0, 0x00, 0x03, 0x00, 0x00]),
        Bad(name: "critical CSM option", bytes: frame(.csm, [(1001, [])]), badCSMOption: 1001),
        Bad(name: "Max-Message-Size of five bytes", bytes: frame(.csm, [(2, [1, 2, 3, 4, 5])]), badCSMOption: 2),
        Bad(name: "critical Ping option", bytes: frame(.ping, [(3, [])])),
        Bad(name: "critical Release option", bytes: frame(.release, [(1, [])])),
        Bad(name: "critical option of an unknown signal", bytes: frame(Code(class: 7, detail: 20), [(5, [])])),
    ]

    @Test(arguments: bad) func malformedInputIsAborted(_ row: Bad) throws {
        let raw = try RawPeer.introduced(handler: SignalTests.echo)
        let pending = raw.connection.send(Message(code: .get), timeout: patience)
        _ = try raw.receive()
        // What follows the bad bytes is not looked at.
        try raw.send(bytes: row.bytes + Message(code: .get, token: Token(1)).encodedFrame())
        let abort = try #require(try raw.receive(), "\(row.name)")
        #expect(abort.code == .abort, "\(row.name)")
        #expect(!abort.payload.isEmpty)
        #expect(abort.options.uint(.badCSMOption) == row.badCSMOption, "\(row.name)")
        #expect(try raw.receive() == nil)
        #expect(raw.failure(pending) == .malformedMessage)
        #expect(raw.isClosed)
    }

    @Test func framesMayComeInAnyPieces() throws {
        let raw = try RawPeer.introduced(handler: SignalTests.echo)
        var bytes: [UInt8] = []
        for number in 0..<5 {
            let payload = [UInt8](repeating: UInt8(number), count: [0, 5, 20, 300, 70_000][number])
            bytes += Message(code: .post, token: Token(UInt64(number)), payload: payload).encodedFrame()
        }
        for piece in [1, 2, 7, 1000] {
            for start in stride(from: 0, to: bytes.count, by: piece) {
                // Byte by byte through the small frames, in lumps through the large one.
                guard start < 400 || piece == 1000 else { break }
                let end = piece == 1000 ? min(start + piece, bytes.count) : min(start + piece, 400)
                try raw.send(bytes: Array(bytes[start..<end]))
            }
            if piece != 1000 { try raw.send(bytes: Array(bytes[400...])) }
            for number in 0..<5 {
                let response = try #require(try raw.receive())
                #expect(response.token == Token(UInt64(number)))
                #expect(response.payload.count == [0, 5, 20, 300, 70_000][number])
            }
        }
    }

    @Test func aPeerWithoutCapabilitiesIsServed() throws {
        let raw = try RawPeer(handler: SignalTests.echo)
        _ = try raw.receive()
        // Its first message is a request: it will send no CSM, and gets messages whole.
        let body = [UInt8](repeating: 3, count: 4000)
        try raw.send(Message(code: .post, token: Token(1), payload: body))
        #expect(try #require(try raw.receive()).payload == body)
    }

    @Test func aLargeRequestWaitsForThePeersCapabilities() throws {
        let body = [UInt8](repeating: 3, count: 4000)
        let raw = try RawPeer()
        _ = try raw.receive()
        _ = raw.connection.send(Message(code: .post, payload: body), timeout: patience)
        #expect(try raw.receive() == nil)
        _ = raw.connection.send(Message(code: .post, payload: [1]), timeout: patience)
        #expect(try #require(try raw.receive()).payload == [1])
        try raw.send(Capabilities(maxMessageSize: 8192, blockWiseTransfer: false).message(token: .empty))
        #expect(try #require(try raw.receive()).payload == body)

        // None comes: whole after a while.
        let silent = try RawPeer()
        _ = try silent.receive()
        _ = silent.connection.send(Message(code: .post, payload: body), timeout: patience)
        silent.advance(Limits.default.csmTimeout)
        #expect(try #require(try silent.receive()).payload == body)
    }

    @Test func aLaterCapabilitiesMessageCounts() throws {
        let raw = try RawPeer.introduced()
        try raw.send(Capabilities(maxMessageSize: 1152, blockWiseTransfer: true).message(token: .empty))
        _ = raw.connection.send(
            Message(code: .post, payload: [UInt8](repeating: 3, count: 4000)), timeout: patience)
        let block = try #require(try raw.receive())
        #expect(block.block1 == Block(number: 0, more: true, exponent: 6))
        #expect(block.frameLength <= 1152)
    }

    @Test func silentPeersAreAskedAndGivenUp() throws {
        var limits = Limits()
        limits.keepAlive = KeepAlive(interval: .seconds(10), timeout: .seconds(5))
        let raw = try RawPeer.introduced(limits: limits)
        raw.advance(.seconds(9))
        #expect(try raw.receive() == nil)
        // Anything that comes puts it off.
        try raw.send(bytes: [0, 0])
        raw.advance(.seconds(9))
        #expect(try raw.receive() == nil)
        raw.advance(.seconds(1))
        let ping = try #require(try raw.receive())
        #expect(ping.code == .ping)
        try raw.send(Message(code: .pong, token: ping.token))
        raw.advance(.seconds(10))
        #expect(try #require(try raw.receive()).code == .ping)
        // No Pong but a sign of life: fine.
        try raw.send(bytes: [0, 0])
        raw.advance(.seconds(10))
        #expect(try #require(try raw.receive()).code == .ping)
        #expect(!raw.isClosed)
        let pending = raw.connection.send(Message(code: .get), timeout: .seconds(60))
        raw.advance(.seconds(15))
        #expect(raw.failure(pending) == .peerSilent)
        #expect(raw.isClosed)
    }

    @Test func aFrameThatIsNotFinishedIsGivenUp() throws {
        let limit = Limits.default.stallTimeout
        let raw = try RawPeer.introduced(handler: SignalTests.echo)
        let frame = Message(code: .post, token: Token(1), payload: body(100)).encodedFrame()
        // Slow but whole, again and again.
        for _ in 0..<3 {
            try raw.send(bytes: Array(frame[..<50]))
            raw.advance(limit - .seconds(1))
            try raw.send(bytes: Array(frame[50...]))
            #expect(try #require(try raw.receive()).payload == body(100))
        }
        raw.advance(.hours(1))
        #expect(!raw.isClosed)
        // Byte after byte does not help.
        try raw.send(bytes: Array(frame[..<50]))
        raw.advance(limit - .seconds(1))
        try raw.send(bytes: [frame[50]])
        raw.advance(.seconds(1))
        #expect(try #require(try raw.receive()).code == .abort)
        #expect(raw.isClosed)
    }

    @Test func noBytesAreTooStrange() throws {
        // Conversations with a byte changed here and there: whatever comes of them, nothing traps, and the end is a
        // connection that is open and in order or one that is closed with all that was pending failed.
        var generator = SplitMix(state: 1)
        var script: [UInt8] = Capabilities(maxMessageSize: 2000, blockWiseTransfer: true).message(token: .empty)
            .encodedFrame()
        for number in 0..<12 as Range<UInt64> {
            var message = Message(
                code: [.get, .post, .fetch, .put][Int(number % 4)], token: Token(number % 5), path: "/x",
                payload: body(64))
            if number % 3 == 0 { message.observe = UInt32(number % 2) }
            if number % 4 == 1 { message.block1 = Block(number: UInt32(number / 4), more: number < 8, exponent: 2) }
            if number % 4 == 2 { message.block2 = Block(number: UInt32(number / 4), more: false, exponent: 2) }
            script += message.encodedFrame()
            script += Message(code: [.ping, .content, .pong, .empty][Int(number % 4)], token: Token(number))
                .encodedFrame()
        }
        for round in 0..<400 {
            let raw = try RawPeer(handler: ObserveTests.Observed())
            let pending = raw.connection.send(Message(code: .put, path: "/y", payload: body(3000)), timeout: patience)
            let observing = raw.connection.observe(Message(code: .get), timeout: patience) { _ in }
            var bytes = script
            // The tokens of ours, so that some responses hit.
            while let sent = try raw.receive() {
                var answer = Message(code: .continue, token: sent.token, payload: [1])
                answer.block2 = Block(number: 0, more: true, exponent: 0)
                answer.observe = 3
                bytes += answer.encodedFrame()
            }
            for _ in 0..<round % 8 {
                bytes[Int.random(in: 0..<bytes.count, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            }
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = rest.prefix(Int.random(in: 1...200, using: &generator))
                try raw.send(bytes: Array(piece))
                rest = rest.dropFirst(piece.count)
            }
            raw.advance(.minutes(2))
            #expect(raw.result(pending) != nil)
            #expect(raw.result(observing) != nil)
            if !raw.isClosed {
                let statistics = try raw.value(raw.connection.statistics())
                #expect(statistics.openRequests == 0)
                #expect(statistics.openExchanges == 0)
            }
            _ = try raw.channel.finish(acceptAlreadyClosed: true)
        }
    }
}
