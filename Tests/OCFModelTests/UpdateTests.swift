import CBOR
import CoAPMessages
import OCFModel
import Testing

/// The bodies of updates against the definitions: whole or not at all.
@Suite struct UpdateTests {
    typealias Row = (ResourceTypeDefinition, CBOR.Value?, CBOR.Map?, Code?)

    static let dimmer: CBOR.Map = ["dimmingSetting": 30, "range": [0, 100], "step": 5]

    static let rows: [Row] = [
        (.binarySwitch, ["value": true], ["value": true], nil),
        (.binarySwitch, ["value": 1], nil, .badRequest),
        (.binarySwitch, ["value": "true"], nil, .badRequest),
        (.binarySwitch, ["value": .null], nil, .badRequest),
        (.binarySwitch, nil, nil, .badRequest),
        (.binarySwitch, [:], nil, .badRequest),
        (.binarySwitch, [true], nil, .badRequest),
        (.binarySwitch, ["colour": "red"], nil, .badRequest),
        (.binarySwitch, ["value": false, "colour": "red"], ["value": false], nil),
        (.binarySwitch, [1: true, "value": true], nil, .badRequest),
        (.dimming, ["dimmingSetting": 40], ["dimmingSetting": 40], nil),
        (.dimming, ["dimmingSetting": 40.0], ["dimmingSetting": 40.0], nil),
        (.dimming, ["dimmingSetting": 40.5], nil, .badRequest),
        (.dimming, ["dimmingSetting": 40, "range": [0, 100]], ["dimmingSetting": 40], nil),
        (.dimming, ["dimmingSetting": 40, "range": [0.0, 100.0]], ["dimmingSetting": 40], nil),
        (.dimming, ["dimmingSetting": 40, "range": [0, 255]], nil, .badRequest),
        (.dimming, ["dimmingSetting": 40, "step": "x"], nil, .badRequest),
        (.dimming, ["range": [0, 100]], nil, .badRequest),
        (.dimming, ["dimmingSetting": 40, "rt": ["oic.r.light.dimming"]], ["dimmingSetting": 40], nil),
        (.dimming, ["dimmingSetting": 40, "n": "Lamp"], nil, .badRequest),
        (.temperature, ["temperature": 3], nil, .badRequest),
        (.temperatureSetting, ["temperature": 20.5, "units": "C"], ["temperature": 20.5, "units": "C"], nil),
        (.temperatureSetting, ["temperature": 20.5, "units": "X"], nil, .forbidden),
        (.temperatureSetting, ["temperature": .double(.nan)], nil, .badRequest),
        (.temperatureSetting, ["temperature": .double(.infinity)], nil, .badRequest),
        (.battery, ["batterythreshold": 20], ["batterythreshold": 20], nil),
        (.battery, ["batterythreshold": 101], nil, .badRequest),
        (.battery, ["charge": 50], nil, .badRequest),
        (.lockStatus, ["lockState": "Ajar"], nil, .badRequest),
        (.configuration, ["n": "Box"], ["n": "Box"], nil),
        (
            .configuration, ["n": .text(String(repeating: "ä", count: 64))],
            ["n": .text(String(repeating: "ä", count: 64))], nil
        ),
        (.configuration, ["n": .text(String(repeating: "x", count: 65))], nil, .badRequest),
        (.configuration, ["loc": [32.7, -96.7]], ["loc": [32.7, -96.7]], nil),
        (.configuration, ["loc": [32.7]], nil, .badRequest),
        (.configuration, ["dl": "de-AT"], ["dl": "de-AT"], nil),
        (.configuration, ["dl": "??"], nil, .badRequest),
        (
            .configuration, ["ln": [["language": "es", "value": "Caja"]]],
            ["ln": [["language": "es", "value": "Caja"]]], nil
        ),
        (.configuration, ["ln": ["Caja"]], nil, .badRequest),
        (.maintenance, ["fr": true], ["fr": true], nil),
        (.maintenance, ["err": 500], nil, .badRequest),
        (.coapCloudConf, ["cis": "", "cps": "registered"], nil, .badRequest),
        (.coapCloudConf, ["cis": "coaps+tcp://h:1", "sid": "nonsense", "at": "x"], nil, .badRequest),
    ]

    @Test("each body is taken or refused", arguments: rows.indices)
    func row(_ index: Int) throws {
        let (definition, body, accepted, code) = Self.rows[index]
        var current = Self.dimmer
        current["rt"] = ["oic.r.light.dimming"]
        current["n"] = "Light"
        if let code {
            let error = #expect(throws: ResourceError.self) { try definition.checkUpdate(body, current: current) }
            #expect(error?.code == code)
            #expect((error?.representation != nil) == (code == .forbidden))
        } else {
            #expect(try definition.checkUpdate(body, current: current) == accepted)
        }
    }

    static let sid: CBOR.Value = "987e6543-a21f-10d1-a112-421345746237"
    static let cis: CBOR.Value = "coaps+tcp://h:1"

    static let clouds: [(CBOR.Map, Bool)] = [
        (["cis": cis, "sid": sid, "at": "t"], true), (["cis": ""], true), (["sid": sid, "at": "t"], false),
        (["cis": cis, "at": "t"], false), (["cis": cis, "sid": sid, "at": ""], false),
        (["cis": cis, "sid": sid], false),
    ]

    @Test("a cloud's configuration", arguments: clouds)
    func cloud(_ properties: CBOR.Map, _ isTaken: Bool) {
        let update = try? CloudConfigurationUpdate(properties)
        #expect((update != nil) == isTaken)
    }

    static let item: CBOR.Value = ["href": "/a", "rep": ["value": true]]

    static let batches: [(CBOR.Value, Bool)] = [
        ([item], true), ([["href": "", "rep": [:]]], true), ([], false), ([:], false), ([["href": "/a"]], false),
        ([["href": 1, "rep": [:]]], false), ([["href": "/a", "rep": []]], false),
        (.array([CBOR.Value](repeating: item, count: 256)), true),
        (.array([CBOR.Value](repeating: item, count: 257)), false),
    ]

    @Test("a batch", arguments: batches)
    func batch(_ value: CBOR.Value, _ isTaken: Bool) {
        let batch = try? BatchItem.list(value)
        #expect((batch != nil) == isTaken)
    }
}
