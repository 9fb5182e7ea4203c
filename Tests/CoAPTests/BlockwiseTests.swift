import CoAPMessages
import NIOCore
import Testing

@testable import CoAP

/// A body whose every part differs from every other.
func body(_ count: Int) -> [UInt8] {
    (0..<count).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8 ^ $0 >> 16) }
}

/// RFC 7959 and RFC 8323 §6, message by message.
@Suite struct BlockwiseTests {
    /// 1,024 to a block, no BERT.
    static let small = Capabilities(maxMessageSize: 1152, blockWiseTransfer: true)

    // MARK: As a client

    @Test func aRequestGoesInBlocks() throws {
        let raw = try RawPeer.introduced(as: BlockwiseTests.small)
        let whole = body(2500)
        let future = raw.connection.send(
            Message(code: .put, path: "/x", contentFormat: 60, payload: whole), timeout: .seconds(5))
        var collected: [UInt8] = []
        for number in 0..<3 {
            let block = try #require(try raw.receive())
            #expect(block.code == .put)
            #expect(block.pathString == "/x")
            #expect(block.contentFormat == 60)
            #expect(block.block1 == Block(number: UInt32(number), more: number < 2, exponent: 6))
            #expect(block.size1 == (number == 0 ? 2500 : nil))
            #expect(block.frameLength <= 1152)
            collected += block.payload
            // Each block begins the time anew.
            raw.advance(.seconds(4))
            var answer = Message(code: number < 2 ? .continue : .changed, token: block.token)
            answer.block1 = block.block1
            try raw.send(answer)
        }
        #expect(collected == whole)
        #expect(try raw.value(future).code == .changed)
    }

    @Test func theServerMayAskForSmallerBlocks() throws {
        let raw = try RawPeer.introduced(as: BlockwiseTests.small)
        let whole = body(1500)
        let future = raw.connection.send(Message(code: .put, payload: whole), timeout: .seconds(5))
        var block = try #require(try raw.receive())
        var collected = block.payload
        // RFC 7959 figure 8: early negotiation, and the next number counts in the smaller size.
        var answer = Message(code: .continue, token: block.token)
        answer.block1 = Block(number: 0, more: true, exponent: 4)
        try raw.send(answer)
        for number in [4, 5] {
            block = try #require(try raw.receive())
            #expect(block.block1 == Block(number: UInt32(number), more: number == 4, exponent: 4))
            collected += block.payload
            answer = Message(code: number == 4 ? .continue : .changed, token: block.token)
            answer.block1 = block.block1
            try raw.send(answer)
        }
        #expect(collected == whole)
        #expect(try raw.value(future).code == .changed)
    }

    @Test func aBlockTooLargeIsSentSmaller() throws {
        let raw = try RawPeer.introduced(as: BlockwiseTests.small)
        let future = raw.connection.send(Message(code: .put, payload: body(1500)), timeout: .seconds(5))
        var block = try #require(try raw.receive())
        var answer = Message(code: .requestEntityTooLarge, token: block.token)
        answer.block1 = Block(number: 0, more: true, exponent: 5)
        try raw.send(answer)
        block = try #require(try raw.receive())
        #expect(block.block1 == Block(number: 0, more: true, exponent: 5))
        #expect(block.payload.count == 512)
        // Of the body, not of the block: that is the answer.
        answer = Message(code: .requestEntityTooLarge, token: block.token)
        answer.size1 = 1000
        try raw.send(answer)
        #expect(try raw.value(future).code == .requestEntityTooLarge)
        #expect(try raw.receive() == nil)
    }

    @Test func whatTheServerLostIsSentAgainOnce() throws {
        let raw = try RawPeer.introduced(as: BlockwiseTests.small)
        let future = raw.connection.send(Message(code: .put, payload: body(3000)), timeout: .seconds(5))
        for (number, code) in [
            (UInt32(0), Code.continue), (1, .requestEntityIncomplete), (0, .continue), (1, .requestEntityIncomplete),
        ] {
            let block = try #require(try raw.receive())
            #expect(block.block1?.number == number)
            try raw.send(Message(code: code, token: block.token))
        }
        #expect(try raw.value(future).code == .requestEntityIncomplete)
    }

    @Test func continueAfterTheLastBlockIsAnError() throws {
        let raw = try RawPeer.introduced(as: BlockwiseTests.small)
        let future = raw.connection.send(Message(code: .put, payload: body(1200)), timeout: .seconds(5))
        for _ in 0..<2 {
            try raw.send(Message(code: .continue, token: try #require(try raw.receive()).token))
        }
        #expect(raw.failure(future) == .blockwiseFailed)
    }

    @Test func largeBodiesGoInManyBlocksAtOnceWhereThePeerTakesThem() throws {
        // BERT: exponent 7, each message a multiple of 1,024 (RFC 8323 §6).
        let raw = try RawPeer.introduced(as: Capabilities(maxMessageSize: 5000, blockWiseTransfer: true))
        let whole = body(10_000)
        let future = raw.connection.send(Message(code: .put, payload: whole), timeout: .seconds(5))
        var collected: [UInt8] = []
        for (number, more) in [(UInt32(0), true), (4, true), (8, false)] {
            let block = try #require(try raw.receive())
            #expect(block.block1 == Block(number: number, more: more, exponent: 7))
            #expect(block.frameLength <= 5000)
            collected += block.payload
            var answer = Message(code: more ? .continue : .changed, token: block.token)
            answer.block1 = block.block1
            try raw.send(answer)
        }
        #expect(collected == whole)
        #expect(try raw.value(future).code == .changed)
    }

    /// Serves a body in blocks as a peer of the given exponent.
    private func serve(_ raw: RawPeer, _ whole: [UInt8], exponent: UInt8, at request: Message) throws {
        let size = exponent == 7 ? 3072 : 16 << Int(exponent)
        let offset = request.block2?.offset ?? 0
        let end = min(offset + size, whole.count)
        var answer = Message(code: .content, token: request.token, contentFormat: 60)
        answer.etag = [1]
        answer.block2 = Block(
            number: UInt32(offset / (16 << Int(min(exponent, 6)))), more: end < whole.count, exponent: exponent)
        if offset == 0 { answer.size2 = UInt32(whole.count) }
        answer.payload = Array(whole[offset..<end])
        try raw.send(answer)
    }

    @Test(arguments: [UInt8(0), 2, 5, 6, 7]) func aResponseComesInBlocks(_ exponent: UInt8) throws {
        let raw = try RawPeer.introduced()
        let whole = body(5000)
        var request = Message(code: .get, path: "/big", query: ["a=b"])
        request.accept = 60
        let future = raw.connection.send(request, timeout: .seconds(5))
        var tokens: Set<Token> = []
        while let next = try raw.receive() {
            #expect(next.code == .get)
            #expect(next.pathString == "/big")
            #expect(next.query == ["a=b"])
            #expect(next.accept == 60)
            #expect(tokens.insert(next.token).inserted)
            try serve(raw, whole, exponent: exponent, at: next)
        }
        let response = try raw.value(future)
        #expect(response.payload == whole)
        #expect(response.contentFormat == 60)
        #expect(response.block2 == nil)
    }

    @Test func aBodyThatChangesUnderwayIsFetchedAnewOnce() throws {
        let raw = try RawPeer.introduced()
        let future = raw.connection.send(Message(code: .get), timeout: .seconds(5))
        func answer(_ request: Message, etag: UInt8, more: Bool) throws {
            var answer = Message(code: .content, token: request.token)
            answer.etag = [etag]
            answer.block2 = Block(number: request.block2?.number ?? 0, more: more, exponent: 0)
            answer.payload = [UInt8](repeating: etag, count: 16)
            try raw.send(answer)
        }
        try answer(try #require(try raw.receive()), etag: 1, more: true)
        try answer(try #require(try raw.receive()), etag: 2, more: true)
        let again = try #require(try raw.receive())
        #expect(again.block2 == nil)
        try answer(again, etag: 2, more: true)
        try answer(try #require(try raw.receive()), etag: 2, more: false)
        #expect(try raw.value(future).payload == [UInt8](repeating: 2, count: 32))
    }

    struct Broken: Sendable {
        let name: String
        let first: (Block, Int)
        let second: (Block, Int)?
        let code: CoAPError.Code
    }

    static let broken: [Broken] = [
        Broken(
            name: "first is not the first", first: (Block(number: 1, more: false, exponent: 0), 16), second: nil,
            code: .blockwiseFailed),
        Broken(
            name: "short block with more", first: (Block(number: 0, more: true, exponent: 1), 16), second: nil,
            code: .blockwiseFailed),
        Broken(
            name: "a gap", first: (Block(number: 0, more: true, exponent: 0), 16),
            second: (Block(number: 2, more: false, exponent: 0), 16), code: .blockwiseFailed),
        Broken(
            name: "the same again", first: (Block(number: 0, more: true, exponent: 0), 16),
            second: (Block(number: 0, more: true, exponent: 0), 16), code: .blockwiseFailed),
        Broken(
            name: "last too long", first: (Block(number: 0, more: true, exponent: 0), 16),
            second: (Block(number: 1, more: false, exponent: 0), 17), code: .blockwiseFailed),
        Broken(
            name: "larger than is taken", first: (Block(number: 0, more: true, exponent: 6), 1024),
            second: (Block(number: 1, more: true, exponent: 6), 1024), code: .bodyTooLarge),
    ]

    @Test(arguments: broken) func brokenTransfersFail(_ row: Broken) throws {
        var limits = Limits()
        limits.bodySize = 2000
        let raw = try RawPeer.introduced(limits: limits)
        let future = raw.connection.send(Message(code: .get), timeout: .seconds(5))
        for (block, count) in [row.first, row.second].compactMap({ $0 }) {
            let request = try #require(try raw.receive())
            var answer = Message(code: .content, token: request.token, payload: body(count))
            answer.block2 = block
            try raw.send(answer)
        }
        #expect(raw.failure(future) == row.code, "\(row.name)")
        #expect(!raw.isClosed)
    }

    @Test func anAnnouncedSizeTooLargeFailsAtOnce() throws {
        var limits = Limits()
        limits.bodySize = 2000
        let raw = try RawPeer.introduced(limits: limits)
        let future = raw.connection.send(Message(code: .get), timeout: .seconds(5))
        var answer = Message(code: .content, token: try #require(try raw.receive()).token, payload: body(16))
        answer.block2 = Block(number: 0, more: true, exponent: 0)
        answer.size2 = 2001
        try raw.send(answer)
        #expect(raw.failure(future) == .bodyTooLarge)
    }

    @Test func blocksByHandGoAsTheyAre() throws {
        let raw = try RawPeer.introduced()
        var request = Message(code: .get)
        request.block2 = Block(number: 3, more: false, exponent: 2)
        let future = raw.connection.send(request, timeout: .seconds(5))
        let sent = try #require(try raw.receive())
        #expect(sent.block2 == request.block2)
        var answer = Message(code: .content, token: sent.token, payload: body(64))
        answer.block2 = Block(number: 3, more: true, exponent: 2)
        try raw.send(answer)
        #expect(try raw.value(future).block2 == answer.block2)
        #expect(try raw.receive() == nil)
    }

    // MARK: As a server

    /// Sends the blocks of a body and gives the answers.
    private func upload(
        _ raw: RawPeer, _ whole: [UInt8], exponent: UInt8, path: String = "/x", size1: UInt32? = nil
    ) throws -> [Message] {
        let size = exponent == 7 ? 3072 : 16 << Int(exponent)
        var answers: [Message] = []
        for offset in stride(from: 0, to: whole.count, by: size) {
            let end = min(offset + size, whole.count)
            var block = Message(code: .post, token: Token(UInt64(offset)), path: path)
            block.block1 = Block(
                number: UInt32(offset / (16 << Int(min(exponent, 6)))), more: end < whole.count, exponent: exponent)
            if offset == 0 { block.size1 = size1 }
            block.payload = Array(whole[offset..<end])
            try raw.send(block)
            answers.append(try #require(try raw.receive()))
        }
        return answers
    }

    @Test(arguments: [UInt8(0), 4, 6, 7]) func aRequestComesInBlocks(_ exponent: UInt8) throws {
        let seen = Shared<[Message]>([])
        let raw = try RawPeer.introduced(
            handler: Served { request, exchange in
                seen.update { $0.append(request) }
                exchange.respond(.changed)
            })
        let whole = body(7000)
        let answers = try upload(raw, whole, exponent: exponent, size1: 7000)
        #expect(answers.dropLast().allSatisfy { $0.code == .continue && $0.block1?.more == true })
        #expect(answers.last?.code == .changed)
        #expect(answers.last?.block1?.more == false)
        #expect(answers.last?.block1?.exponent == exponent)
        #expect(seen.value.map(\.payload) == [whole])
        #expect(seen.value.first?.block1 == nil)
        #expect(seen.value.first?.size1 == nil)
    }

    @Test func transfersToDifferentPlacesAreApart() throws {
        let seen = Shared<[String: [UInt8]]>([:])
        let raw = try RawPeer.introduced(
            handler: Served { request, exchange in
                seen.update { $0[request.pathString] = request.payload }
                exchange.respond(.changed)
            })
        let bodies = ["/a": body(48), "/b": [UInt8](repeating: 1, count: 48)]
        for offset in [0, 16, 32] {
            for (path, whole) in bodies {
                var block = Message(
                    code: .post, token: Token(1), path: path, payload: Array(whole[offset..<offset + 16]))
                block.block1 = Block(number: UInt32(offset / 16), more: offset < 32, exponent: 0)
                try raw.send(block)
                #expect(try #require(try raw.receive()).code == (offset < 32 ? .continue : .changed))
            }
        }
        #expect(seen.value == bodies)
    }

    struct BadBlock: Sendable {
        let name: String
        /// Blocks and the bytes in them.
        let blocks: [(Block, Int)]
        let codes: [Code]
    }

    static let badBlocks: [BadBlock] = [
        BadBlock(
            name: "no beginning", blocks: [(Block(number: 1, more: false, exponent: 0), 16)],
            codes: [.requestEntityIncomplete]),
        BadBlock(
            name: "a gap",
            blocks: [(Block(number: 0, more: true, exponent: 0), 16), (Block(number: 2, more: true, exponent: 0), 16)],
            codes: [.continue, .requestEntityIncomplete]),
        BadBlock(
            name: "after a gap it is lost",
            blocks: [
                (Block(number: 0, more: true, exponent: 0), 16), (Block(number: 2, more: true, exponent: 0), 16),
                (Block(number: 1, more: true, exponent: 0), 16),
            ],
            codes: [.continue, .requestEntityIncomplete, .requestEntityIncomplete]),
        BadBlock(
            name: "short with more", blocks: [(Block(number: 0, more: true, exponent: 2), 63)], codes: [.badRequest]),
        BadBlock(name: "too long", blocks: [(Block(number: 0, more: false, exponent: 0), 17)], codes: [.badRequest]),
        BadBlock(
            name: "BERT of 1,000", blocks: [(Block(number: 0, more: true, exponent: 7), 1000)], codes: [.badRequest]),
        BadBlock(
            name: "begun anew",
            blocks: [
                (Block(number: 0, more: true, exponent: 0), 16), (Block(number: 0, more: true, exponent: 0), 16),
                (Block(number: 1, more: false, exponent: 0), 3),
            ],
            codes: [.continue, .continue, .changed]),
        BadBlock(
            name: "more than is taken",
            blocks: [
                (Block(number: 0, more: true, exponent: 6), 1024), (Block(number: 1, more: true, exponent: 6), 1024),
            ],
            codes: [.continue, .requestEntityTooLarge]),
        BadBlock(
            name: "smaller blocks halfway",
            blocks: [
                (Block(number: 0, more: true, exponent: 1), 32), (Block(number: 2, more: true, exponent: 0), 16),
                (Block(number: 3, more: false, exponent: 0), 1),
            ],
            codes: [.continue, .continue, .changed]),
    ]

    @Test(arguments: badBlocks) func blocksGetWhatTheStandardSays(_ row: BadBlock) throws {
        var limits = Limits()
        limits.bodySize = 2000
        let raw = try RawPeer.introduced(
            limits: limits, handler: Served { _, exchange in exchange.respond(.changed) })
        var codes: [Code] = []
        for (block, count) in row.blocks {
            var message = Message(code: .put, token: Token(1), path: "/x", payload: body(count))
            message.block1 = block
            try raw.send(message)
            let answer = try #require(try raw.receive())
            codes.append(answer.code)
            if answer.code == .requestEntityTooLarge { #expect(answer.size1 == 2000) }
        }
        #expect(codes == row.codes, "\(row.name)")
        #expect(!raw.isClosed)
    }

    @Test func aSizeAnnouncedTooLargeIsRefusedAtTheFirstBlock() throws {
        let raw = try RawPeer.introduced()
        let answers = try upload(raw, body(16 * 2), exponent: 0, size1: 1_048_577)
        #expect(answers.first?.code == .requestEntityTooLarge)
        #expect(answers.first?.size1 == 1_048_576)
    }

    @Test func unfinishedTransfersAreForgotten() throws {
        let raw = try RawPeer.introduced(handler: Served { _, exchange in exchange.respond(.changed) })
        var block = Message(code: .put, token: Token(1), path: "/x", payload: body(16))
        block.block1 = Block(number: 0, more: true, exponent: 0)
        try raw.send(block)
        #expect(try #require(try raw.receive()).code == .continue)
        raw.advance(Limits.default.blockwiseTimeout)
        block.block1 = Block(number: 1, more: false, exponent: 0)
        try raw.send(block)
        #expect(try #require(try raw.receive()).code == .requestEntityIncomplete)
    }

    @Test func manyUnfinishedTransfersCostTheOldest() throws {
        let raw = try RawPeer.introduced(handler: Served { _, exchange in exchange.respond(.changed) })
        let count = Limits.default.blockwiseTransfers + 1
        for number in 0..<count {
            var block = Message(code: .put, token: Token(1), path: "/\(number)", payload: body(16))
            block.block1 = Block(number: 0, more: true, exponent: 0)
            try raw.send(block)
            #expect(try #require(try raw.receive()).code == .continue)
            raw.advance(.milliseconds(1))
        }
        for (number, code) in [(0, Code.requestEntityIncomplete), (1, .changed), (count - 1, .changed)] {
            var block = Message(code: .put, token: Token(1), path: "/\(number)", payload: body(1))
            block.block1 = Block(number: 1, more: false, exponent: 0)
            try raw.send(block)
            #expect(try #require(try raw.receive()).code == code, "\(number)")
        }
    }

    /// Fetches a body block by block, as a client that asks for `exponent`.
    private func download(_ raw: RawPeer, _ exponent: UInt8?, code: Code = .get) throws -> (
        body: [UInt8], blocks: [Message]
    ) {
        var collected: [UInt8] = []
        var blocks: [Message] = []
        while true {
            var request = Message(code: code, token: Token(UInt64(collected.count)), path: "/big")
            if let last = blocks.last?.block2 {
                request.block2 = Block(
                    number: UInt32(collected.count / last.size), more: false, exponent: last.exponent)
            } else if let exponent {
                request.block2 = Block(number: 0, more: false, exponent: exponent)
            }
            try raw.send(request)
            let answer = try #require(try raw.receive())
            guard answer.code.isSuccess else { return (collected, blocks + [answer]) }
            collected += answer.payload
            blocks.append(answer)
            guard answer.block2?.more == true else { return (collected, blocks) }
        }
    }

    @Test(arguments: [nil, UInt8(0), 3, 6, 7]) func aResponseGoesInBlocks(_ exponent: UInt8?) throws {
        let asked = Shared(0)
        let whole = body(6000)
        let raw = try RawPeer.introduced(
            as: Capabilities(maxMessageSize: 4000, blockWiseTransfer: true),
            handler: Served { _, exchange in
                asked.value += 1
                exchange.respond(Message(code: .content, contentFormat: 60, payload: whole))
            })
        let (collected, blocks) = try download(raw, exponent)
        #expect(collected == whole)
        #expect(asked.value == 1)
        #expect(blocks.allSatisfy { $0.block2?.exponent == exponent ?? 7 })
        #expect(blocks.allSatisfy { $0.contentFormat == 60 && $0.frameLength <= 4000 })
        #expect(Set(blocks.map(\.etag)).count == 1)
        #expect(blocks[0].etag != nil)
        #expect(blocks.map(\.size2) == [6000] + [UInt32?](repeating: nil, count: blocks.count - 1))
    }

    @Test func aSmallResponseHasOneBlockWhenAskedFor() throws {
        let raw = try RawPeer.introduced(
            handler: Served { _, exchange in exchange.respond(Message(code: .content, payload: [1, 2])) })
        let (collected, blocks) = try download(raw, 6)
        #expect(collected == [1, 2])
        #expect(blocks.map(\.block2) == [Block(number: 0, more: false, exponent: 6)])
    }

    @Test func whatIsNotHeldIsMadeAgainOnlyForSafeMethods() throws {
        let whole = body(64)
        let raw = try RawPeer.introduced(
            handler: Served { request, exchange in
                exchange.respond(
                    Message(code: request.code == .get ? .content : .changed, payload: whole))
            })
        var request = Message(code: .get, token: Token(1), path: "/big")
        request.block2 = Block(number: 2, more: false, exponent: 0)
        try raw.send(request)
        var answer = try #require(try raw.receive())
        #expect(answer.payload == Array(whole[32..<48]))
        #expect(answer.block2 == Block(number: 2, more: true, exponent: 0))
        request.code = .post
        try raw.send(request)
        answer = try #require(try raw.receive())
        #expect(answer.code == .requestEntityIncomplete)
        request.code = .get
        request.block2 = Block(number: 4, more: false, exponent: 0)
        try raw.send(request)
        answer = try #require(try raw.receive())
        #expect(answer.code == .badRequest)
    }

    @Test func aPostMayComeAndGoInBlocks() throws {
        // RFC 7959 §3.3.
        let raw = try RawPeer.introduced(
            handler: Served { request, exchange in
                exchange.respond(Message(code: .changed, payload: request.payload.reversed()))
            })
        let whole = body(100)
        for offset in stride(from: 0, to: 100, by: 32) {
            var block = Message(code: .post, token: Token(1), path: "/x")
            block.block1 = Block(number: UInt32(offset / 32), more: offset + 32 < 100, exponent: 1)
            if offset + 32 >= 100 { block.block2 = Block(number: 0, more: false, exponent: 1) }
            block.payload = Array(whole[offset..<min(100, offset + 32)])
            try raw.send(block)
            if offset + 32 < 100 { #expect(try #require(try raw.receive()).code == .continue) }
        }
        var answer = try #require(try raw.receive())
        #expect(answer.block1 == Block(number: 3, more: false, exponent: 1))
        #expect(answer.block2 == Block(number: 0, more: true, exponent: 1))
        var collected = answer.payload
        for number in 1..<4 {
            var request = Message(code: .post, token: Token(1), path: "/x")
            request.block2 = Block(number: UInt32(number), more: false, exponent: 1)
            try raw.send(request)
            answer = try #require(try raw.receive())
            collected += answer.payload
        }
        #expect(collected == whole.reversed())
        #expect(answer.block2?.more == false)
    }

    @Test func bothEndsAgreeOnEverySize() async throws {
        // Ours against ours over TCP, around every edge of block, base size and BERT, with three sizes of message.
        for size in [1152, 1300, 5000, 262_144] {
            var limits = Limits()
            limits.message.messageSize = size
            let served = Served { request, exchange in
                exchange.respond(Message(code: .changed, payload: request.payload))
            }
            try await withLoopback(server: limits, client: limits, serving: { _ in served }) { connection in
                for count in [0, 1, 1000, 1023, 1024, 1025, 1100, 1152, 1300, 2048, 4096, 5000, 20_000, 300_000] {
                    let whole = body(count)
                    let response = try await connection.send(Message(code: .post, payload: whole), timeout: patience)
                        .get()
                    #expect(response.code == .changed)
                    #expect(response.payload == whole, "\(count) bytes, messages of \(size)")
                }
            }
        }
    }
}
