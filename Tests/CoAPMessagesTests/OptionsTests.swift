import CoAPMessages
import Testing

@Suite struct OptionsTests {
    /// Number, length of the value, and the header it has at the front of a message (RFC 7252 §3.1).
    static let headers: [(UInt16, Int, String)] = [
        (1, 0, "10"), (12, 12, "CC"), (13, 12, "DC 00"), (12, 13, "CD 00"), (268, 0, "D0 FF"), (269, 0, "E0 00 00"),
        (270, 14, "ED 00 01 01"), (2053, 2, "E2 06 F8"), (65_535, 0, "E0 FE F2"), (11, 268, "BD FF"),
        (11, 269, "BE 00 00"), (11, 65_804, "BE FF FF"), (300, 300, "EE 00 1F 00 1F"),
    ]

    @Test(arguments: headers) func headersHaveEveryForm(_ number: UInt16, _ length: Int, _ header: String) throws {
        var options = Options()
        let isAdded = options.add(OptionNumber(rawValue: number), [UInt8](repeating: 7, count: length))
        #expect(isAdded)
        let frame = Message(code: .get, options: options).encodedFrame()
        #expect(frame.suffix(options.encodedLength).starts(with: hex(header)))
        #expect(options.encodedLength == hex(header).count + length)
        var limits = MessageLimits()
        limits.optionsLength = 70_000
        let decoded = try Message.decode(frame: frame, limits: limits)
        #expect(decoded.options == options)
        #expect(decoded.options.first(OptionNumber(rawValue: number))?.count == length)
    }

    @Test func aValueNoHeaderCanSayIsNotAdded() {
        var options = Options()
        let isAdded = options.add(.uriPath, [UInt8](repeating: 0, count: Options.maximumValueLength + 1))
        #expect(!isAdded)
        #expect(options.isEmpty)
        #expect(options.encodedLength == 0)
    }

    @Test func orderIsThatOfTheNumbersHoweverTheyAreAdded() {
        // Against a plain sorted list, stable for equal numbers.
        var generator = SplitMix(state: 1)
        for _ in 0..<500 {
            var options = Options()
            var model: [(UInt16, [UInt8])] = []
            for index in 0..<Int.random(in: 1...12, using: &generator) {
                let number = UInt16(
                    [1, 3, 11, 11, 12, 15, 30, 300, 2049, 40_000].randomElement(using: &generator) ?? 1)
                let value = [UInt8](repeating: UInt8(index), count: Int.random(in: 0...20, using: &generator))
                options.add(OptionNumber(rawValue: number), value)
                let place = model.firstIndex { $0.0 > number } ?? model.endIndex
                model.insert((number, value), at: place)
            }
            #expect(options.map { $0.number.rawValue } == model.map(\.0))
            #expect(options.map { Array($0.value) } == model.map(\.1))
            #expect(options.count == model.count)

            let victim = model[Int.random(in: 0..<model.count, using: &generator)].0
            options.remove(OptionNumber(rawValue: victim))
            model.removeAll { $0.0 == victim }
            #expect(options.map { $0.number.rawValue } == model.map(\.0))
            #expect(options.map { Array($0.value) } == model.map(\.1))
            options.add(OptionNumber(rawValue: 60_000), [1])
            #expect(options.map { $0.number.rawValue } == model.map(\.0) + [60_000])
        }
    }

    @Test func equalityIsThatOfTheOptions() {
        var first = Options()
        first.add(.uriPath, string: "a")
        first.add(.accept, uint: 60)
        var second = Options()
        second.add(.accept, uint: 60)
        second.add(.uriPath, string: "a")
        #expect(first == second)
        #expect(first.hashValue == second.hashValue)
        second.add(.uriPath, string: "b")
        #expect(first != second)
        second.remove(.uriPath)
        second.remove(.accept)
        #expect(second == Options())
    }

    /// RFC 7252 §3.2: the shortest form is written, any form is read.
    @Test func numbersAreWrittenShortAndReadWithLeadingZeros() {
        let forms: [(UInt64, [UInt8])] = [
            (0, []), (1, [1]), (255, [255]), (256, [1, 0]), (65_535, [255, 255]), (65_536, [1, 0, 0]),
            (0xFFFF_FFFF, [255, 255, 255, 255]),
        ]
        for (value, bytes) in forms {
            var options = Options()
            options.add(.size1, uint: value)
            #expect(options.first(.size1).map(Array.init) == bytes)
            #expect(options.uint(.size1) == value)
        }
        var padded = Options()
        padded.add(.contentFormat, [0, 60])
        #expect(padded.uint(.contentFormat) == 60)
        // Too long to be one: counts as not there (§5.4.3).
        var long = Options()
        long.add(.contentFormat, [0, 0, 60])
        #expect(long.uint(.contentFormat) == nil)
    }

    @Test func ofRepeatedElectiveOptionsTheFirstCounts() {
        var message = Message(code: .content)
        message.options.add(.contentFormat, uint: 60)
        message.options.add(.contentFormat, uint: 50)
        #expect(message.contentFormat == 60)
        #expect(message.options.firstFault { _ in true } == nil)
    }

    struct Fault: Sendable {
        let name: String
        let options: [(UInt16, [UInt8])]
        let kind: OptionFault.Kind?
        var code = Code.badOption
    }

    static let faults: [Fault] = [
        Fault(name: "nothing", options: [], kind: nil),
        Fault(name: "known", options: [(11, [0x61]), (17, [60])], kind: nil),
        Fault(name: "critical unknown", options: [(9, [])], kind: .unknown),
        Fault(name: "critical unregistered", options: [(65_001, [])], kind: .unknown),
        Fault(name: "elective unknown", options: [(65_000, [1, 2, 3])], kind: nil),
        Fault(name: "Uri-Port of three bytes", options: [(7, [1, 2, 3])], kind: .length),
        Fault(name: "Uri-Host of none", options: [(3, [])], kind: .length),
        Fault(name: "Uri-Path of 256", options: [(11, [UInt8](repeating: 0x61, count: 256))], kind: .length),
        Fault(name: "Uri-Path of 255", options: [(11, [UInt8](repeating: 0x61, count: 255))], kind: nil),
        Fault(name: "Accept twice", options: [(17, [60]), (17, [60])], kind: .repeated),
        Fault(name: "Block1 twice", options: [(27, []), (27, [8])], kind: .repeated),
        Fault(name: "Uri-Query twice", options: [(15, [0x61]), (15, [0x61])], kind: nil),
        Fault(name: "ETag twice", options: [(4, [1]), (4, [2])], kind: nil),
        Fault(name: "elective Content-Format too long", options: [(12, [0, 0, 60])], kind: nil),
        Fault(name: "elective Max-Age twice", options: [(14, []), (14, [1])], kind: nil),
        Fault(name: "Uri-Path not UTF-8", options: [(11, [0xC3, 0x28])], kind: .text, code: .badRequest),
        Fault(name: "Uri-Path an overlong slash", options: [(11, [0xC0, 0xAF])], kind: .text, code: .badRequest),
        Fault(name: "Uri-Query cut off", options: [(15, [0x61, 0xE2, 0x82])], kind: .text, code: .badRequest),
        Fault(name: "Uri-Path UTF-8", options: [(11, [0xE2, 0x82, 0xAC])], kind: nil),
    ]

    @Test(arguments: faults) func criticalOptionsAreChecked(_ fault: Fault) {
        var options = Options()
        for (number, value) in fault.options { options.add(OptionNumber(rawValue: number), value) }
        let found = options.firstFault { $0 != .oscore && $0.definition != nil }
        #expect(found?.kind == fault.kind, "\(fault.name)")
        if let found { #expect(found.responseCode == fault.code) }
    }
}
