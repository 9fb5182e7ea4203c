import CoAPMessages
import Testing

@Suite struct MessageTests {
    static let paths: [(String, [String], String)] = [
        ("", [], "/"), ("/", [], "/"), ("/oic/res", ["oic", "res"], "/oic/res"),
        ("oic/res", ["oic", "res"], "/oic/res"),
        ("/a/", ["a", ""], "/a/"), ("//a", ["", "a"], "//a"), ("/ä", ["ä"], "/ä"),
    ]

    @Test(arguments: paths) func pathsAreSegments(_ text: String, _ segments: [String], _ back: String) {
        var message = Message(code: .get, path: text)
        #expect(message.path == segments)
        #expect(message.pathString == back)
        message.pathString = "/other"
        message.pathString = text
        #expect(message.path == segments)
        message.path = segments
        #expect(message.pathString == back)
    }

    @Test func aSlashInASegmentIsNoSeparator() {
        var message = Message(code: .get)
        message.path = ["a/b", "c"]
        #expect(message.pathString == "/a%2Fb/c")
        #expect(message.pathString != Message(code: .get, path: "/a/b/c").pathString)
    }

    @Test func queriesAreItems() {
        let message = Message(code: .get, path: "/x", query: ["if=oic.if.b", "rt=a=b", "flag", "if=second", "ifx=1"])
        #expect(message.query == ["if=oic.if.b", "rt=a=b", "flag", "if=second", "ifx=1"])
        #expect(message.queryValue("if") == "oic.if.b")
        #expect(message.queryValue("rt") == "a=b")
        #expect(message.queryValue("flag") == nil)
        #expect(message.queryValue("i") == nil)
    }

    @Test func accessorsWriteAndRemoveTheirOption() {
        var message = Message(code: .post, path: "/x", contentFormat: ContentFormat.ocfCBOR)
        message.accept = ContentFormat.ocfCBOR
        message.ocfAcceptVersion = OCFVersion.v1_0_0
        message.ocfContentFormatVersion = OCFVersion.v1_0_0
        message.observe = 0
        message.maxAge = 3
        message.etag = [1, 2]
        message.block1 = Block(number: 3, more: true, exponent: 6)
        message.block2 = Block(number: 0, more: false, exponent: 2)
        message.size1 = 70_000
        message.size2 = 0
        #expect(message.contentFormat == 10_000)
        #expect(message.accept == 10_000)
        #expect(message.ocfAcceptVersion == 2048)
        #expect(message.ocfContentFormatVersion == 2048)
        #expect(message.observe == 0)
        #expect(message.maxAge == 3)
        #expect(message.etag == [1, 2])
        #expect(message.block1 == Block(number: 3, more: true, exponent: 6))
        #expect(message.block2 == Block(number: 0, more: false, exponent: 2))
        #expect(message.size1 == 70_000)
        #expect(message.size2 == 0)
        // 2048 goes in two bytes, as OCF peers write it.
        #expect(message.options.first(.ocfAcceptVersion).map(Array.init) == [8, 0])
        message.observe = nil
        message.etag = nil
        message.block1 = nil
        #expect(message.observe == nil)
        #expect(message.etag == nil)
        #expect(message.block1 == nil)
        message.observe = 0x1FF_FFFF
        #expect(message.observe == 0xFF_FFFF)
    }

    @Test func descriptionsShowNoQuery() {
        let message = Message(code: .delete, path: "/oic/sec/account", query: ["accesstoken=secret"], payload: [1])
        #expect(message.description == "0.04 /oic/sec/account (1 bytes)")
    }

    @Test func blocksHaveTheirValue() {
        // RFC 7959 §2.2 and the examples of §3.
        let values: [(UInt32, UInt32, Bool, UInt8, Int)] = [
            (0, 0, false, 0, 16), (0x0A, 0, true, 2, 64), (0x12, 1, false, 2, 64), (0x16, 1, false, 6, 1024),
            (0x2A, 2, true, 2, 64), (0x3F, 3, true, 7, 1024), (0xFF_FFFF, 0xF_FFFF, true, 7, 1024),
        ]
        for (value, number, more, exponent, size) in values {
            let block = Block(value: value)
            #expect(block == Block(number: number, more: more, exponent: exponent))
            #expect(block.value == value)
            #expect(block.size == size)
            #expect(block.offset == Int(number) * size)
        }
        let fitting: [(Int, UInt8?)] = [
            (-1, nil), (0, nil), (15, nil), (16, 0), (31, 0), (32, 1), (1023, 5), (1024, 6), (1_000_000, 6),
        ]
        for (size, exponent) in fitting { #expect(Block.exponent(fitting: size) == exponent) }
        let payloads: [(Block, Int, Bool)] = [
            (Block(number: 0, more: true, exponent: 2), 64, true),
            (Block(number: 0, more: true, exponent: 2), 63, false),
            (Block(number: 0, more: true, exponent: 2), 65, false),
            (Block(number: 0, more: false, exponent: 2), 0, true),
            (Block(number: 0, more: false, exponent: 2), 65, false),
            (Block(number: 0, more: true, exponent: 7), 0, false),
            (Block(number: 0, more: true, exponent: 7), 1024, true),
            (Block(number: 0, more: true, exponent: 7), 5120, true),
            (Block(number: 0, more: true, exponent: 7), 1025, false),
            (Block(number: 0, more: false, exponent: 7), 4999, true),
        ]
        for (block, count, isRight) in payloads {
            #expect(block.admits(payloadOf: count) == isRight, "\(block) \(count)")
        }
    }

    @Test func observeNumbersAreOrderedAroundTheirEnd() {
        // RFC 7641 §3.4.
        let pairs: [(UInt32, UInt32, Int, Bool)] = [
            (2, 1, 0, true), (1, 2, 0, false), (1, 1, 0, false), (0, 0xFF_FFFF, 0, true), (0xFF_FFFF, 0, 0, false),
            (1 << 23, 1, 0, true), ((1 << 23) + 1, 1, 0, false), (1, 2, 129, true), (1, 2, 128, false),
        ]
        for (number, last, elapsed, isNewer) in pairs {
            #expect(ObserveNumber.isNewer(number, than: last, elapsed: elapsed) == isNewer, "\(number) \(last)")
        }
        #expect(ObserveNumber.next(after: 0xFF_FFFF) == 0)
        #expect(ObserveNumber.next(after: 2) == 3)
    }

    @Test func capabilitiesAddUp() throws {
        var capabilities = Capabilities()
        #expect(capabilities.maxMessageSize == 1152)
        #expect(!capabilities.admitsBERT)
        try capabilities.apply(
            Capabilities(maxMessageSize: 8192, blockWiseTransfer: true).message(token: .empty).options)
        #expect(capabilities == Capabilities(maxMessageSize: 8192, blockWiseTransfer: true))
        #expect(capabilities.admitsBERT)
        // What a further CSM leaves out stays; back at 1,152, BERT is off again (RFC 8323 §5.3.2).
        try capabilities.apply(Options())
        #expect(capabilities.maxMessageSize == 8192)
        var smaller = Options()
        smaller.add(.csmMaxMessageSize, uint: 1152)
        smaller.add(OptionNumber(rawValue: 1000), [1])
        try capabilities.apply(smaller)
        #expect(capabilities.blockWiseTransfer)
        #expect(!capabilities.admitsBERT)
        var critical = Options()
        critical.add(OptionNumber(rawValue: 1001), [])
        #expect(throws: OptionFault(kind: .unknown, number: OptionNumber(rawValue: 1001))) {
            try capabilities.apply(critical)
        }
        var long = Options()
        long.add(.csmMaxMessageSize, [0, 0, 0, 1, 0])
        #expect(throws: OptionFault(kind: .length, number: .csmMaxMessageSize)) { try capabilities.apply(long) }
    }

    @Test func releasesAreReadBack() {
        var notice = ReleaseNotice()
        notice.alternativeAddresses = ["a.example", "b.example:5684"]
        notice.holdOff = 60
        notice.diagnostic = "moving"
        #expect(ReleaseNotice(notice.message(token: .empty)) == notice)
    }
}
