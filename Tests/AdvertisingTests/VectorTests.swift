import Advertising
import Testing

@Suite struct VectorTests {
    @Test(arguments: Vector.adverts)
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
        for vector in Vector.adverts {
            let key = vector.key.flatMap { BindKey(hex: $0) }
            _ = AdvertDecoder.standard.decode(vector.payload.span, address: vector.address, key: key, into: &list)
            #expect(vector.difference(list.readings) == nil, "\(vector.id)")
        }
    }

    @Test(arguments: Vector.characteristics)
    func characteristicsDecodeToWhatTheReferenceReaderSays(vector: Vector) throws {
        let (number, value) = try #require(vector.characteristic)
        let definition = try #require(CharacteristicDefinition.assigned(number))
        // A value that is not known is none.
        let readings = (try? definition.decode(value))?.filter { $0.value != .missing } ?? []
        #expect(vector.difference(readings) == nil)
    }

    /// Every byte flipped, every tail cut off: whatever comes out, it comes out in bounds.
    @Test func damagedAdvertsNeverTrap() {
        var list = MeasurementList()
        for vector in Vector.adverts where Int.random(in: 0..<3) == 0 {
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
