import CoAPMessages
import Testing

/// Codes, tokens and option numbers.
@Suite struct CodeTests {
    static let codes: [(Code, UInt8, String)] = [
        (.empty, 0x00, "0.00"), (.get, 0x01, "0.01"), (.post, 0x02, "0.02"), (.put, 0x03, "0.03"),
        (.delete, 0x04, "0.04"), (.fetch, 0x05, "0.05"), (.patch, 0x06, "0.06"), (.ipatch, 0x07, "0.07"),
        (.created, 0x41, "2.01"), (.deleted, 0x42, "2.02"), (.valid, 0x43, "2.03"), (.changed, 0x44, "2.04"),
        (.content, 0x45, "2.05"), (.continue, 0x5F, "2.31"), (.badRequest, 0x80, "4.00"), (.notFound, 0x84, "4.04"),
        (.requestEntityIncomplete, 0x88, "4.08"), (.requestEntityTooLarge, 0x8D, "4.13"),
        (.internalServerError, 0xA0, "5.00"), (.proxyingNotSupported, 0xA5, "5.05"),
        (.csm, 225, "7.01"), (.ping, 226, "7.02"), (.pong, 227, "7.03"), (.release, 228, "7.04"), (.abort, 229, "7.05"),
    ]

    @Test(arguments: codes) func codesHaveTheirByteAndTheirName(_ code: Code, _ byte: UInt8, _ name: String) {
        #expect(code.rawValue == byte)
        #expect(code.description == name)
    }

    @Test func everyByteIsOfOneKind() {
        for byte in UInt8.min...UInt8.max {
            let code = Code(rawValue: byte)
            let kinds = [code.isEmpty, code.isRequest, code.isResponse, code.isSignal, code.isReserved]
            #expect(kinds.count { $0 } == 1, "\(code)")
        }
    }

    @Test func tokensHoldUpToEightBytes() throws {
        for count in 0...8 {
            let bytes = (0..<UInt8(count)).map { $0 &* 37 &+ 1 }
            let token = try #require(Token(bytes))
            #expect(token.bytes == bytes)
            #expect(token.count == count)
        }
        #expect(Token([UInt8](repeating: 1, count: 9)) == nil)
        // Length is part of the value: 00 is not the empty token.
        #expect(Token([0]) != Token.empty)
        #expect(Token([0]) != Token([0, 0]))
        #expect(Token(0x0102_0304_0506_0708).bytes == [1, 2, 3, 4, 5, 6, 7, 8])
        #expect(Token([0x0A, 0xFF])?.description == "0aff")
    }

    /// RFC 7252 §5.4.6 and table 4: C, U and N of each option.
    static let classes: [(OptionNumber, Bool, Bool, Bool)] = [
        (.ifMatch, true, false, false), (.uriHost, true, true, false), (.etag, false, false, false),
        (.ifNoneMatch, true, false, false), (.observe, false, true, false), (.uriPort, true, true, false),
        (.locationPath, false, false, false), (.uriPath, true, true, false), (.contentFormat, false, false, false),
        (.maxAge, false, true, false), (.uriQuery, true, true, false), (.accept, true, false, false),
        (.locationQuery, false, false, false), (.block2, true, true, false), (.block1, true, true, false),
        (.size2, false, false, true), (.proxyURI, true, true, false), (.proxyScheme, true, true, false),
        (.size1, false, false, true), (.echo, false, false, true), (.requestTag, false, false, false),
        (.ocfAcceptVersion, true, false, false), (.ocfContentFormatVersion, true, false, false),
    ]

    @Test(arguments: classes)
    func numbersSayHowToTreatAnOption(_ number: OptionNumber, critical: Bool, unsafe: Bool, noCacheKey: Bool) {
        #expect(number.isCritical == critical)
        #expect(number.isUnsafeToForward == unsafe)
        if !number.isUnsafeToForward { #expect(number.isNoCacheKey == noCacheKey) }
    }

    @Test func everyDefinitionIsFoundByItsNumber() {
        for definition in OptionDefinition.all {
            #expect(definition.number.definition == definition)
            #expect(definition.number.description == definition.name)
        }
        #expect(OptionDefinition.all.map(\.number) == OptionDefinition.all.map(\.number).sorted())
        #expect(OptionNumber(rawValue: 2).definition == nil)
        #expect(OptionNumber(rawValue: 65001).description == "option 65001")
    }
}
