import CBOR
import CoAPMessages
import OCFModel
import OCFSchemas
import Testing

/// Bodies that nobody should send.
@Suite struct HostileSecurityTests {
    /// xorshift64, so that each run sees the same bodies.
    struct Noise: RandomNumberGenerator {
        var seed: UInt64
        mutating func next() -> UInt64 {
            seed ^= seed << 13
            seed ^= seed >> 7
            seed ^= seed << 17
            return seed
        }
    }

    /// A value with something in it exchanged, removed or doubled.
    static func spoil(_ value: CBOR.Value, _ noise: inout Noise) -> CBOR.Value {
        let strange: [CBOR.Value] = [
            .null, .int(-1), .int(Int.max), .unsigned(.max), .double(.nan), .double(1e300), "", "*", .bytes([]),
            .text(String(repeating: "é", count: 4000)), [], [:], true, .tagged(24, .bytes([1])), ["x": ["x": []]],
        ]
        switch value {
        case .array(var items) where !items.isEmpty && Int.random(in: 0..<8, using: &noise) > 0:
            let place = items.indices.randomElement(using: &noise) ?? 0
            switch Int.random(in: 0..<6, using: &noise) {
            case 0: items.append(items[place])
            case 1: items.remove(at: place)
            default: items[place] = spoil(items[place], &noise)
            }
            return .array(items)
        case .map(var map) where !map.isEmpty && Int.random(in: 0..<8, using: &noise) > 0:
            guard let key = map.keys.randomElement(using: &noise), let item = map[key] else { return value }
            map[key] = Int.random(in: 0..<8, using: &noise) == 0 ? nil : spoil(item, &noise)
            return .map(map)
        default: return strange.randomElement(using: &noise) ?? .null
        }
    }

    @Test("spoilt bodies are refused whole or leave a state that can be stored", arguments: SecurityResource.allCases)
    func spoilt(_ resource: SecurityResource) throws {
        let bodies =
            SecurityRepresentationTests.examples(resource, requests: true)
            + SecurityRepresentationTests.examples(resource, requests: false) + [
                ["creds": [SecurityHouse.anchor.secretRepresentation, UpdateByStateTests.key]],
                ["aclist2": .array(AccessDecisionTests.entries.map(\.representation))],
                ["roles": [SecurityHouse.roleEntry.representation]], ["rowneruuid": UpdateByStateTests.uuid],
            ]
        var noise = Noise(seed: 0x9E37_79B9_7F4A_7C15)
        var state = try SecurityHouse.device(in: .sreset)
        var taken = 0
        for round in 0..<500 {
            var body = bodies[round % bodies.count]
            for _ in 0..<Int.random(in: 0...3, using: &noise) { body = Self.spoil(body, &noise) }
            let before = state
            let request = try SecurityHouse.request(.post, resource, body)
            do throws(ResourceError) {
                _ = try state.serve(
                    request, on: resource, SecurityHouse.from(SecurityHouse.tool, certificate: true))
                taken += 1
                let read = try SecurityState(stored: state.stored, presets: SecurityHouse.presets)
                #expect(read.stored == state.stored)
            } catch {
                #expect([Code.badRequest, .methodNotAllowed].contains(error.code))
                #expect(state == before)
            }
            if state.state != .sreset || state.cred.entries.count > 8 {
                state = try SecurityHouse.device(in: .sreset)
            }
        }
        #expect((taken > 0) == (resource != .csr))
    }
}
