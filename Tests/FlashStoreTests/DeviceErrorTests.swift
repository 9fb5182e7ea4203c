import PowerCuts
import Testing

@testable import FlashStore

/// A device that refuses: the error has a name, and nothing is lost.
@Suite struct DeviceErrorTests {
    let device = RecordingBlockFile(size: FlashStore.Options.tiny.deviceSize)

    @Test(arguments: [StoreError.Code.readOnly, .noSpace, .io])
    func refusalIsNamedAndMadeUpFor(code: StoreError.Code) async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        try await store.put("before", [1], .now)
        device.fail {
            $0.calls = 0..<1_000_000
            $0.error = StoreError(code, "told to")
        }
        await #expect(throws: StoreError(code, "")) { try await store.put("during", [2], .now) }
        store.putBatched("batched", [3])
        await #expect(throws: StoreError(code, "")) { try await store.flush() }
        #expect(store.get("during") == [2])
        #expect(store.statistics.lastError?.code == code)
        #expect(store.statistics.failures == 2)
        #expect(try recover(device.image).contents["before"] == [1])

        device.fail { $0.calls = 0..<0 }
        try await store.put("after", [4], .now)
        #expect(store.statistics.lastError == nil)
        let expected: [String: [UInt8]] = ["before": [1], "during": [2], "batched": [3], "after": [4]]
        #expect(try recover(device.image).contents == expected)
    }

    @Test func failedFlushIsNotBelievedTheSecondTime() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        let next = device.calls
        device.fail { $0.calls = next + 1..<next + 2 }
        await #expect(throws: StoreError(.io, "")) { try await store.put("a", [1], .now) }
        try await store.put("b", [2], .now)
        // Not appended behind the doubtful page, but written anew in the other segment.
        #expect(store.statistics.compactions == 1)
        #expect(try recover(device.image).contents == ["a": [1], "b": [2]])
    }

    @Test func openingFailsByName() {
        device.fail {
            $0.calls = 0..<1
            $0.error = StoreError(.noSpace, "told to")
        }
        #expect(throws: StoreError(.noSpace, "")) { try FlashStore.open(on: device, options: .tiny) }
    }

    @Test func closeReportsWhatCouldNotBeWritten() async throws {
        let store = try FlashStore.open(on: device, options: .tiny)
        store.putBatched("a", [1])
        device.fail { $0.calls = 0..<1_000_000 }
        await store.close()
        #expect(store.statistics.lastError?.code == .io)
        await #expect(throws: StoreError(.io, "")) { try await store.flush() }
    }
}
