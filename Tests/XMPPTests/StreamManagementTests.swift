import Testing

@testable import XMPP

@Suite("Stream management (XEP-0198)")
struct StreamManagementTests {
    private let limits = StreamManagement.Limits(stanzas: 10, bytes: 100, requestInterval: 3)

    @Test("What is acknowledged goes, what is not stays in order")
    func acknowledging() {
        var management = StreamManagement(id: "x", maximumSeconds: nil)
        for number in 0..<5 {
            let isKept = management.keep([UInt8(number)], limits)
            #expect(isKept)
        }
        expect(true, management.acknowledge(2))
        #expect(Array(management.queue) == [[2], [3], [4]])
        expect(true, management.acknowledge(2))
        expect(false, management.acknowledge(6))
        expect(false, management.acknowledge(1))
        expect(true, management.acknowledge(5))
        #expect(management.queue.isEmpty)
        #expect(management.queuedBytes == 0)
    }

    @Test("The queue has bounds in stanzas and in bytes")
    func bounds() {
        var management = StreamManagement(id: "x", maximumSeconds: nil)
        for _ in 0..<10 { expect(true, management.keep([1], limits)) }
        expect(false, management.keep([1], limits))
        expect(true, management.acknowledge(10))
        expect(true, management.keep([UInt8](repeating: 0, count: 60), limits))
        expect(false, management.keep([UInt8](repeating: 0, count: 41), limits))
        expect(true, management.keep([UInt8](repeating: 0, count: 40), limits))
    }

    @Test("The counts go round after 2^32")
    func overflow() {
        var management = StreamManagement(id: "x", maximumSeconds: nil)
        management.setCounts(received: .max, acknowledged: .max - 1)
        for _ in 0..<4 { _ = management.keep([1], limits) }
        expect(true, management.acknowledge(1))
        #expect(management.queue.count == 1)
        expect(false, management.acknowledge(3))
        management.took()
        #expect(management.acknowledgement["h"] == "0")
        management.took()
        #expect(management.resume["h"] == "1")
    }

    @Test("The server is asked now and then")
    func requests() {
        var management = StreamManagement(id: "x", maximumSeconds: nil)
        var asked: [Bool] = []
        for _ in 0..<7 {
            _ = management.keep([1], limits)
            asked.append(management.wantsRequest(limits))
        }
        #expect(asked == [false, false, true, false, false, true, false])
    }

    private func expect(_ expected: Bool, _ found: Bool, _ location: SourceLocation = #_sourceLocation) {
        #expect(found == expected, sourceLocation: location)
    }
}
