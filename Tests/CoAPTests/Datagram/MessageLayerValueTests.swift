import CoAPMessages
import NIOCore
import Testing

@testable import CoAP

/// The state machines of the message layer, as tables over a clock of the tests'.
struct MessageLayerValueTests {
    private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private func at(_ seconds: Double) -> NIODeadline {
        start + .nanoseconds(Int64(seconds * 1e9))
    }

    // MARK: Parameters

    @Test func derivedTimesAreThoseOfTheStandard() {
        // RFC 7252 §4.8.2, table 3.
        let parameters = TransmissionParameters()
        #expect(parameters.maxTransmitSpan == .seconds(45))
        #expect(parameters.maxTransmitWait == .seconds(93))
        #expect(parameters.exchangeLifetime == .seconds(247))
        #expect(parameters.nonLifetime == .seconds(145))
    }

    // MARK: Retransmission

    /// When each repetition goes and when it is given up, in seconds.
    @Test(arguments: [
        (chance: 0.0, times: [2.0, 6, 14, 30], end: 62.0),
        (chance: 1.0, times: [3.0, 9, 21, 45], end: 93.0),
        (chance: 0.5, times: [2.5, 7.5, 17.5, 37.5], end: 77.5),
    ])
    func repetitions(_ row: (chance: Double, times: [Double], end: Double)) {
        let parameters = TransmissionParameters()
        var retransmission = Retransmission(parameters, now: start, chance: row.chance)
        for (index, time) in row.times.enumerated() {
            #expect(retransmission.deadline == at(time))
            #expect(retransmission.expire(parameters, now: at(time)) == .resend)
            #expect(retransmission.transmissions == index + 2)
        }
        #expect(retransmission.deadline == at(row.end))
        #expect(retransmission.expire(parameters, now: at(row.end)) == .giveUp)
    }

    @Test func aLateClockDelaysWhatFollows() {
        let parameters = TransmissionParameters()
        var retransmission = Retransmission(parameters, now: start, chance: 0)
        #expect(retransmission.expire(parameters, now: at(5)) == .resend)
        #expect(retransmission.deadline == at(9))
    }

    @Test func noRepetitionsWhenNoneAreWished() {
        var parameters = TransmissionParameters()
        parameters.maxRetransmit = 0
        var retransmission = Retransmission(parameters, now: start, chance: 0)
        #expect(retransmission.expire(parameters, now: at(2)) == .giveUp)
    }

    // MARK: Deduplication

    private enum Step: CustomTestStringConvertible {
        case comes(id: UInt16, bytes: UInt64, at: Double, Deduplicator.Verdict)
        case isAnswered(id: UInt16, Datagram)

        var testDescription: String { "\(self)" }
    }

    private static let answer = Datagram(
        kind: .acknowledgement, id: 1, message: Message(code: .content, payload: [1, 2, 3]))
    private static let empty = Datagram.empty(.acknowledgement, id: 1)

    @Test(
        arguments: [
            // A repetition before and after the answer.
            [
                .comes(id: 1, bytes: 7, at: 0, .new), .comes(id: 1, bytes: 7, at: 1, .repeated(answer: nil)),
                .isAnswered(id: 1, answer), .comes(id: 1, bytes: 7, at: 2, .repeated(answer: answer)),
                .comes(id: 1, bytes: 7, at: 246, .repeated(answer: answer)),
            ],
            // The lifetime ends, and begins again.
            [
                .comes(id: 1, bytes: 7, at: 0, .new), .isAnswered(id: 1, answer),
                .comes(id: 1, bytes: 7, at: 247, .new),
                .comes(id: 1, bytes: 7, at: 300, .repeated(answer: nil)),
            ],
            // An empty acknowledgement gives way to nothing else: the response is a message of its own.
            [
                .comes(id: 1, bytes: 7, at: 0, .new), .isAnswered(id: 1, empty),
                .comes(id: 1, bytes: 7, at: 1, .repeated(answer: empty)),
            ],
            // The same ID with other bytes is another message, and the first is forgotten.
            [
                .comes(id: 1, bytes: 7, at: 0, .new), .isAnswered(id: 1, answer), .comes(id: 1, bytes: 8, at: 1, .new),
                .comes(id: 1, bytes: 8, at: 2, .repeated(answer: nil)), .comes(id: 1, bytes: 7, at: 3, .new),
            ],
            // Other IDs do not matter; four are remembered, the oldest goes.
            [
                .comes(id: 1, bytes: 7, at: 0, .new), .comes(id: 2, bytes: 7, at: 0, .new),
                .comes(id: 3, bytes: 7, at: 0, .new), .comes(id: 4, bytes: 7, at: 0, .new),
                .comes(id: 1, bytes: 7, at: 1, .repeated(answer: nil)), .comes(id: 5, bytes: 7, at: 2, .new),
                .comes(id: 2, bytes: 7, at: 3, .repeated(answer: nil)), .comes(id: 1, bytes: 7, at: 4, .new),
            ],
            // An answer to what is not known changes nothing.
            [.isAnswered(id: 9, answer), .comes(id: 9, bytes: 7, at: 0, .new)],
        ] as [[Step]])
    private func duplicates(_ steps: [Step]) {
        let budget = ByteBudget(limit: 1000)
        var duplicates = Deduplicator(limit: 4, budget: budget)
        for (index, step) in steps.enumerated() {
            switch step {
            case .comes(let id, let bytes, let time, let verdict):
                let found = duplicates.receive(
                    id: id, fingerprint: bytes, lifetime: .seconds(247), now: at(time))
                #expect(found == verdict, "step \(index)")
            case .isAnswered(let id, let answer):
                duplicates.answered(id: id, with: answer)
            }
        }
        duplicates.removeAll()
        #expect(budget.used == 0)
    }

    @Test func rememberedAnswersAreBounded() {
        let size = MessageLayerValueTests.answer.encodedLength
        let budget = ByteBudget(limit: 2 * size)
        var duplicates = Deduplicator(limit: 4, budget: budget)
        for id in UInt16(1)...3 {
            _ = duplicates.receive(id: id, fingerprint: 0, lifetime: .seconds(9), now: start)
            duplicates.answered(id: id, with: MessageLayerValueTests.answer)
        }
        #expect(budget.used == 2 * size)
        // There was no room for the third: it is served again rather than not at all.
        let verdict = duplicates.receive(id: 3, fingerprint: 0, lifetime: .seconds(9), now: start)
        #expect(verdict == .new)
        for id in UInt16(10)...1000 {
            _ = duplicates.receive(id: id, fingerprint: 0, lifetime: .seconds(9), now: start)
        }
        #expect(duplicates.count == 4)
        #expect(budget.used == 0)
    }

    // MARK: Paces

    @Test func everyFifthNotificationIsConfirmable() {
        var pace = NotificationPace(now: start)
        let kinds = (1...11).map { pace.next(now: at(Double($0)), isProven: true, every: 5) }
        #expect(kinds.enumerated().filter { $0.element == .confirmable }.map { $0.offset + 1 } == [5, 10])
    }

    @Test func aNotificationADayIsConfirmable() {
        var pace = NotificationPace(now: start)
        #expect(pace.next(now: at(86_399), isProven: true, every: 5) == .nonConfirmable)
        #expect(pace.next(now: at(86_400), isProven: true, every: 5) == .confirmable)
        #expect(pace.next(now: at(86_401), isProven: true, every: 5) == .nonConfirmable)
        #expect(pace.next(now: at(172_800), isProven: true, every: 5) == .confirmable)
    }

    @Test func whoIsNotProvenHasToAcknowledge() {
        var pace = NotificationPace(now: start)
        #expect(pace.next(now: at(1), isProven: false, every: 5) == .confirmable)
        #expect(pace.next(now: at(2), isProven: true, every: 5) == .nonConfirmable)
    }

    @Test func threeTimesWhatCameMayGoToWhoIsNotProven() {
        var budget = AmplificationBudget(isProven: false)
        #expect(!budget.admits(1))
        budget.receive(100)
        #expect(budget.admits(300))
        #expect(!budget.admits(301))
        budget.send(250)
        #expect(budget.room == 50)
        #expect(!budget.admits(51))
        budget.prove()
        #expect(budget.admits(1_000_000))
        #expect(budget.room == nil)
    }

    @Test func aSilentPeerGetsAByteASecond() {
        var budget = ProbingBudget()
        #expect(budget.opening(now: start) == start)
        budget.sent(40, now: start, rate: 1)
        #expect(budget.opening(now: at(1)) == at(40))
        #expect(budget.opening(now: at(41)) == at(41))
        budget.sent(10, now: at(40), rate: 1)
        #expect(budget.opening(now: at(41)) == at(50))
        budget.heard()
        #expect(budget.opening(now: at(41)) == at(41))
    }

    // MARK: Addresses

    @Test(arguments: [
        ("224.0.1.187", true, false), ("239.255.255.255", true, false), ("223.0.0.1", false, false),
        ("127.0.0.1", false, false), ("ff02::158", true, false), ("ff05::158", true, false),
        ("fe80::1", false, true), ("febf::1", false, true), ("fec0::1", false, false), ("::1", false, false),
    ])
    func addresses(_ row: (text: String, isMulticast: Bool, isLinkLocal: Bool)) throws {
        let address = try #require(DatagramAddress(row.text, port: 5683))
        #expect(address.isMulticast == row.isMulticast)
        #expect(address.isLinkLocal == row.isLinkLocal)
        #expect(address.socketAddress.ipAddress == row.text)
        #expect(address.socketAddress.port == 5683)
        #expect(DatagramAddress(address.socketAddress) == address)
        #expect(address.host == address.with(port: 9).host)
    }
}
