import CBOR
import CoAPMessages
import OCFModel
import OCFSchemas
import Testing

@Suite struct ValueTests {
    @Test(
        "identifiers are read and written",
        arguments: [
            ("123e4567-e89b-12d3-a456-426614174000", true), ("123E4567-E89B-12D3-A456-426614174000", true),
            ("123e4567e89b12d3a456426614174000", false), ("123e4567-e89b-12d3-a456-42661417400", false),
            ("123e4567-e89b-12d3-a456-42661417400g", false), ("123e4567-e89b-12d3-a4564-26614174000", false),
            ("", false),
        ])
    func identifier(_ text: String, _ isOne: Bool) {
        #expect((Identifier(text) != nil) == isOne)
        if isOne { #expect(Identifier(text)?.description == text.lowercased()) }
    }

    @Test("random identifiers are of version 4 and differ")
    func random() {
        let many = (0..<100).map { _ in Identifier.random() }
        #expect(Set(many).count == 100)
        for one in many {
            let text = Array(one.description)
            #expect(text[14] == "4" && "89ab".contains(text[19]))
            #expect(Identifier(one.description) == one)
            #expect(Identifier(octets: one.octets) == one)
        }
        #expect(Identifier.none.description == "00000000-0000-0000-0000-000000000000")
    }

    static let texts: [(TextFormat, String, Bool)] = [
        (TextFormat.dateTime, "2026-03-01T12:00:00Z", true), (.dateTime, "2015-11-05T14:30:00.20Z", true),
        (.dateTime, "2026-03-01T12:00:00+02:00", true), (.dateTime, "2026-03-01 12:00:00Z", false),
        (.dateTime, "2026-13-01T12:00:00Z", false), (.dateTime, "2026-03-01T25:00:00Z", false),
        (.dateTime, "2026-03-01T12:00:00", false), (.dateTime, "2026-03-01T12:00:00.Z", false), (.dateTime, "", false),
        (.date, "2026-03-01", true), (.date, "2026-3-1", false), (.date, "2026-00-01", false),
        (.languageTag, "en", true), (.languageTag, "de-CH-1996", true), (.languageTag, "e n", false),
        (.languageTag, "", false), (.languageTag, "en-", false), (.languageTag, "123", false),
        (.uri, "coaps+tcp://[fe80::1]:5684", true), (.uri, "", true), (.uri, "a b", false), (.uri, "é", false),
    ]

    @Test("formats of text", arguments: texts)
    func format(_ format: TextFormat, _ text: String, _ isOne: Bool) {
        #expect(format.matches(text) == isOne, "\(text)")
    }

    @Test("the cloud's configuration is as its schema says in every state")
    func cloudConfiguration() throws {
        let store = try SchemaStore.shared.get()
        let schema = try store.answer(in: "oic.r.coapcloudconf.swagger.json")
        for status in CloudStatus.allCases {
            for code in CloudErrorCode.allCases {
                let one = CloudConfiguration(
                    address: "coaps+tcp://cloud.example:5684", cloudID: .random(), provider: "p", status: status,
                    lastError: code)
                #expect(try store.faults(of: .map(one.representation), in: schema) == [])
            }
        }
        #expect(try store.faults(of: .map(CloudConfiguration().representation), in: schema) == [])
    }

    static let temperatures: [(CBOR.Value, Bool)] = [
        (["temperature": "20"], false), (["units": "C"], false), (["temperature": 20, "units": "X"], false),
        (["temperature": 20, "range": [1]], false), ([20], false),
        (["temperature": 20, "rt": ["oic.r.humidity"]], false),
        (["temperature": 20, "n": .text(String(repeating: "x", count: 65))], false),
        (["temperature": 20, "if": ["oic.if.s"]], false),
        (["temperature": 20.5, "units": "C", "range": [0, 1.5]], true),
    ]

    @Test("the checker of schemas refuses what is wrong", arguments: temperatures)
    func checker(_ value: CBOR.Value, _ isRight: Bool) throws {
        let store = try SchemaStore.shared.get()
        let faults = try store.faults(of: value, in: store.answer(in: "TemperatureResURI.swagger.json"))
        #expect(faults.isEmpty == isRight)
    }
}
