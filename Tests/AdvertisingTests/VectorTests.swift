import Advertising
import Testing

@Suite struct VectorTests {
    @Test(arguments: Vector.ours)
    func decodesToWhatTheReferenceReaderSays(vector: Vector) throws {
        let key = vector.key.flatMap { BindKey(hex: $0) }
        var readings: [Reading] = []
        do {
            readings =
                try AdvertDecoder.standard.decode(vector.payload, address: vector.address, key: key)?.readings ?? []
        } catch {
            #expect(vector.expected.isEmpty, "\(error)")
        }
        #expect(vector.difference(readings) == nil)
    }

    /// One list for all of them: nothing of an advert may stay behind for the next one.
    @Test func aListThatIsUsedAgainForgets() {
        var list = MeasurementList()
        for vector in Vector.ours {
            let key = vector.key.flatMap { BindKey(hex: $0) }
            _ = AdvertDecoder.standard.decode(vector.payload.span, address: vector.address, key: key, into: &list)
            #expect(vector.difference(list.readings) == nil, "\(vector.id)")
        }
    }

    @Test(arguments: Vector.load("foreign.jsonl"))
    func otherFormatsAreNotTaken(vector: Vector) {
        let advert = try? AdvertDecoder.standard.decode(vector.payload, address: vector.address, key: nil)
        #expect(advert == nil)
        #expect(!ForeignFormat.explain(vector.payload).isEmpty)
    }

    /// Every byte flipped, every tail cut off: whatever comes out, it comes out in bounds.
    @Test func damagedAdvertsNeverTrap() {
        var list = MeasurementList()
        for vector in Vector.ours.prefix(60) + Vector.ours.suffix(200) {
            let key = vector.key.flatMap { BindKey(hex: $0) }
            for index in vector.payload.indices {
                var damaged = vector.payload
                damaged[index] ^= 0xFF
                _ = AdvertDecoder.standard.decode(damaged.span, address: vector.address, key: key, into: &list)
                damaged = Array(vector.payload[..<index])
                _ = AdvertDecoder.standard.decode(damaged.span, address: vector.address, key: key, into: &list)
                #expect(list.measurements.count <= MeasurementList.capacity)
                _ = list.readings
            }
        }
    }
}
