import Testing

@testable import GATT

private let start = ContinuousClock.now
private func at(_ second: Double) -> ContinuousClock.Instant { start + .seconds(second) }

/// The bearer as a table: inputs at moments, and all outputs.
@Suite struct BearerTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let name: String
        let inputs: [(Double, ATTBearer.Input)]
        let outputs: [ATTBearer.Output]
        var testDescription: String { name }
    }

    private static let read = ATTPDU.readRequest(3)
    private static let gone = GATTError(.disconnected, "")
    private static func refusal(_ error: ATTError) -> GATTError { GATTError(.refused(error), "") }

    static let rows: [Row] = [
        Row(
            name: "a request and its answer", inputs: [(0, .request(1, read)), (1, .received([0x0B, 7]))],
            outputs: [.send([0x0A, 3, 0]), .answered(1, .readResponse([7]))]),
        Row(
            name: "one at a time",
            inputs: [
                (0, .request(1, read)), (0, .request(2, .readRequest(4))), (1, .received([0x0B, 7])),
                (2, .received([0x0B, 8])),
            ],
            outputs: [
                .send([0x0A, 3, 0]), .answered(1, .readResponse([7])), .send([0x0A, 4, 0]),
                .answered(2, .readResponse([8])),
            ]),
        Row(
            name: "commands do not wait",
            inputs: [(0, .request(1, read)), (0, .command(.writeCommand(5, [1])))],
            outputs: [.send([0x0A, 3, 0]), .send([0x52, 5, 0, 1])]),
        Row(
            name: "a refusal", inputs: [(0, .request(1, read)), (1, .received([0x01, 0x0A, 3, 0, 0x02]))],
            outputs: [.send([0x0A, 3, 0]), .failed(1, refusal(.readNotPermitted))]),
        Row(
            name: "a refusal of something else ends the bearer",
            inputs: [(0, .request(1, read)), (1, .received([0x01, 0x12, 3, 0, 0x02]))],
            outputs: [
                .send([0x0A, 3, 0]), .failed(1, GATTError(.malformed, "")), .close(GATTError(.malformed, "")),
            ]),
        Row(
            name: "an answer of another kind ends the bearer, and all that waits fails",
            inputs: [(0, .request(1, read)), (0, .request(2, read)), (1, .received([0x13])), (2, .request(3, read))],
            outputs: [
                .send([0x0A, 3, 0]), .failed(1, GATTError(.malformed, "")), .failed(2, GATTError(.malformed, "")),
                .close(GATTError(.malformed, "")), .failed(3, GATTError(.malformed, "")),
            ]),
        Row(
            name: "a malformed answer of the right kind fails that request alone",
            inputs: [
                (0, .request(1, .findInformationRequest(first: 1, last: 9))), (0, .request(2, read)),
                (1, .received([0x05, 9])), (2, .received([0x0B])),
            ],
            outputs: [
                .send([0x04, 1, 0, 9, 0]), .failed(1, GATTError(.malformed, "")), .send([0x0A, 3, 0]),
                .answered(2, .readResponse([])),
            ]),
        Row(name: "an answer to nothing is passed over", inputs: [(0, .received([0x0B, 1]))], outputs: []),
        Row(
            name: "just in time", inputs: [(0, .request(1, read)), (29.9, .tick), (29.95, .received([0x0B]))],
            outputs: [.send([0x0A, 3, 0]), .answered(1, .readResponse([]))]),
        Row(
            name: "thirty seconds end the bearer",
            inputs: [
                (0, .request(1, read)), (5, .request(2, read)), (30, .tick), (31, .received([0x0B])), (32, .tick),
            ],
            outputs: [
                .send([0x0A, 3, 0]), .failed(1, GATTError(.timedOut, "")), .failed(2, GATTError(.timedOut, "")),
                .close(GATTError(.timedOut, "")),
            ]),
        Row(
            name: "a channel that goes fails what waits, and is not closed again",
            inputs: [(0, .request(1, read)), (1, .closed(gone)), (2, .closed(gone)), (3, .request(2, read))],
            outputs: [.send([0x0A, 3, 0]), .failed(1, gone), .failed(2, gone)]),
        Row(
            name: "notifications come at any time",
            inputs: [(0, .request(1, read)), (1, .received([0x1B, 9, 0, 5])), (2, .received([0x0B]))],
            outputs: [.send([0x0A, 3, 0]), .told(9, [5]), .answered(1, .readResponse([]))]),
        Row(
            name: "indications are confirmed", inputs: [(0, .received([0x1D, 9, 0, 5, 6]))],
            outputs: [.send([0x1E]), .told(9, [5, 6])]),
        Row(name: "also a malformed one", inputs: [(0, .received([0x1D, 9]))], outputs: [.send([0x1E])]),
        Row(
            name: "several values in one", inputs: [(0, .received([0x23, 9, 0, 1, 0, 5, 10, 0, 2, 0, 6, 7]))],
            outputs: [.told(9, [5]), .told(10, [6, 7])]),
        Row(
            name: "requests of the peer are refused",
            inputs: [
                (0, .received([0x02, 23, 0])), (0, .received([0x0A, 1, 0])), (0, .received([0x0A])),
                (0, .received([0x26])),
            ],
            outputs: [0x02, 0x0A, 0x0A, 0x26].map { .send([0x01, $0, 0, 0, 0x06]) }),
        Row(
            name: "commands of the peer, unknown ones and nothing at all are passed over",
            inputs: [
                (0, .received([0x52, 1, 0, 1])), (0, .received([0xD2, 1, 0])), (0, .received([0x7F])),
                (0, .received([])), (0, .received([0x1E])),
            ], outputs: []),
        Row(
            name: "what does not fit fails, and the next is sent",
            inputs: [
                (0, .request(1, .writeRequest(3, Array(repeating: 0, count: 21)))),
                (0, .command(.writeCommand(3, Array(repeating: 0, count: 21)))),
                (0, .request(2, .writeRequest(3, []))),
            ], outputs: [.failed(1, GATTError(.tooLong, "")), .send([0x12, 3, 0])]),
    ]

    @Test(arguments: rows) func row(_ row: Row) {
        var bearer = ATTBearer()
        var outputs: [ATTBearer.Output] = []
        for (second, input) in row.inputs { outputs += bearer.handle(input, at: at(second)) }
        #expect(outputs == row.outputs)
    }

    @Test(arguments: [(517, 185, 185), (517, 23, 23), (517, 7, 23), (517, 65535, 517)])
    func mtu(_ row: (ours: Int, theirs: Int, agreed: Int)) {
        var bearer = ATTBearer()
        _ = bearer.handle(.request(1, .exchangeMTURequest(UInt16(row.ours))), at: start)
        _ = bearer.handle(.received(ATTPDU.exchangeMTUResponse(UInt16(row.theirs)).encoded), at: start)
        #expect(bearer.mtu == UInt16(row.agreed))
    }

    @Test func theQueueHasAnEnd() {
        var bearer = ATTBearer()
        for id in 0...UInt64(ATTBearer.longestQueue) { _ = bearer.handle(.request(id, Self.read), at: start) }
        #expect(bearer.handle(.request(999, Self.read), at: start) == [.failed(999, GATTError(.busy, ""))])
    }

    @Test func theDeadlineIsThatOfTheRequestOnItsWay() {
        var bearer = ATTBearer()
        #expect(bearer.deadline == nil)
        _ = bearer.handle(.request(1, Self.read), at: at(1))
        _ = bearer.handle(.request(2, Self.read), at: at(2))
        #expect(bearer.deadline == at(31))
        _ = bearer.handle(.received([0x0B]), at: at(3))
        #expect(bearer.deadline == at(33))
    }
}
