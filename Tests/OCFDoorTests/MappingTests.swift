import CBOR
import CoAPMessages
import Concentrator
import OCFModel
import OCFSchemas
import OneLoop
import Testing

@testable import OCFDoor

/// Fields and parameters as resources of the standard types.
@Loop
@Suite struct MappingTests {
    typealias FieldRow = (String, FieldValue, String?, String, CBOR.Map)

    nonisolated static let rows: [FieldRow] = [
        ("Temperature", .n("25.06"), "°C", "oic.r.temperature", ["temperature": 25.06, "units": "C"]),
        ("Temperature 2", .n("-0.5"), "°C", "oic.r.temperature", ["temperature": -0.5, "units": "C"]),
        ("Dew Point", .n("20"), "°C", "oic.r.temperature", ["temperature": 20.0, "units": "C"]),
        ("Probe", .n("68.5"), "°F", "oic.r.temperature", ["temperature": 68.5, "units": "F"]),
        ("Humidity", .n("50.55"), "%", "oic.r.humidity", ["humidity": 51]),
        ("Humidity", .n("100.4"), "%", "oic.r.humidity", ["humidity": 100]),
        ("humidity@remote", .n("41"), "%", "oic.r.humidity", ["humidity": 41]),
        ("Moisture", .n("20.5"), "%", "oic.r.sensor.measurement", ["measurement": 20.5, "unit": "/100"]),
        (
            "Battery", .n("93"), "%", "oic.r.energy.battery",
            ["charge": 93, "lowbattery": false, "batterythreshold": 20]
        ),
        ("Battery", .n("20"), "%", "oic.r.energy.battery", ["charge": 20, "lowbattery": true, "batterythreshold": 20]),
        ("Battery", .n("2977"), "mV", "oic.r.sensor.measurement", ["measurement": 2977.0, "unit": "mV"]),
        ("Voltage", .n("3.073"), "V", "oic.r.sensor.measurement", ["measurement": 3.073, "unit": "V"]),
        ("Pressure", .n("1008.83"), "hPa", "oic.r.sensor.atmosphericpressure", ["atmosphericPressure": 1008.83]),
        ("Pressure", .n("101325"), "Pa", "oic.r.sensor.atmosphericpressure", ["atmosphericPressure": 1013.25]),
        ("Pressure", .n("1013.2"), "mbar", "oic.r.sensor.atmosphericpressure", ["atmosphericPressure": 1013.2]),
        ("Illuminance", .n("13460.67"), "lx", "oic.r.sensor.illuminance", ["illuminance": 13460.67]),
        ("CO2", .n("1250"), "ppm", "oic.r.sensor.carbondioxide", ["value": true, "measurement": 1250.0]),
        ("Carbon Dioxide", .n("999"), "ppm", "oic.r.sensor.carbondioxide", ["value": false, "measurement": 999.0]),
        ("CO", .n("30"), "ppm", "oic.r.sensor.carbonmonoxide", ["value": true, "measurement": 30.0]),
        (
            "PM2.5", .n("7.6"), "µg/m³", "oic.r.airquality",
            ["contaminanttype": "PM2.5", "valuetype": "Measured", "contaminantvalue": 8]
        ),
        (
            "PM10", .n("170"), "µg/m³", "oic.r.airquality",
            ["contaminanttype": "PM10", "valuetype": "Measured", "contaminantvalue": 170]
        ),
        (
            "Formaldehyde", .n("0.02"), "mg/m³", "oic.r.airquality",
            ["contaminanttype": "CH2O", "valuetype": "Measured", "contaminantvalue": 20]
        ),
        ("RSSI", .n("-68"), "dBm", "oic.r.signalstrength", ["lqi": 64.0, "rssi": -68.0]),
        ("RSSI", .n("-20"), "dBm", "oic.r.signalstrength", ["lqi": 100.0, "rssi": -20.0]),
        ("Acceleration", .n("1000"), "mG", "oic.r.sensor.acceleration", ["acceleration": 1.0]),
        ("Acceleration X", .n("9.80665"), "m/s²", "oic.r.sensor.acceleration", ["acceleration": 1.0]),
        ("Speed", .n("133.42"), "m/s", "oic.r.speed", ["speed": 133.42]),
        ("Speed", .n("36"), "km/h", "oic.r.speed", ["speed": 10.0]),
        ("Mass", .n("80.3"), "kg", "oic.r.weight", ["weight": 80.3, "units": "kg"]),
        ("Mass", .n("74.86"), "lb", "oic.r.weight", ["weight": 74.86, "units": "lb"]),
        ("UV Index", .n("5.0"), nil, "oic.r.sensor.radiation.uv", ["measurement": 5.0]),
        ("Edges", .n("17"), nil, "oic.r.sensor.measurement", ["measurement": 17.0, "unit": "/"]),
        ("Power", .n("69.14"), "W", "oic.r.sensor.measurement", ["measurement": 69.14, "unit": "W"]),
        ("Conductivity", .n("599"), "µS/cm", "oic.r.sensor.measurement", ["measurement": 0.0599, "unit": "S/m"]),
        ("Odd", .n("3"), "furlong", "oic.r.sensor.measurement", ["measurement": 3.0, "unit": "furlong"]),
        ("Motion", .boolean(true), nil, "oic.r.sensor.motion", ["value": true]),
        ("binary:motion", .boolean(false), nil, "oic.r.sensor.motion", ["value": false]),
        ("Opening", .boolean(true), nil, "oic.r.sensor.contact", ["value": true]),
        ("Window", .boolean(false), nil, "oic.r.sensor.contact", ["value": false]),
        ("Occupancy", .boolean(true), nil, "oic.r.sensor.presence", ["value": true]),
        ("Smoke", .boolean(true), nil, "oic.r.sensor.smoke", ["value": true]),
        ("Moisture", .boolean(true), nil, "oic.r.sensor.water", ["value": true]),
        ("Glass Break", .boolean(true), nil, "oic.r.sensor.glassbreak", ["value": true]),
        ("Button", .boolean(true), nil, "oic.r.button", ["value": true]),
        ("Tamper", .boolean(true), nil, "oic.r.sensor", ["value": true]),
        ("State", .boolean(true), nil, "oic.r.sensor", ["value": true]),
        ("Firmware", .text("1.2"), nil, "x.gatehouse.text", ["value": "1.2"]),
        (
            "Last Seen", .timestamp(WallTime(millisecondsSince1970: 1_446_733_800_000)), nil, "oic.r.time.stamp",
            ["timestamp": "2015-11-05T14:30:00.000Z"]
        ),
    ]

    @Test("each field is a resource of its type, as that type's schema says", arguments: rows)
    func field(_ name: String, _ value: FieldValue, _ unit: String?, _ type: String, _ properties: CBOR.Map)
        async throws
    {
        let house = try await DeviceHouse()
        try await house.add("ble/A4C1388D18B2", fields: [Field(name: name, value: value, unit: unit)])
        let segment = FieldName.segment(name)
        #expect(try await house.get("/ble/A4C1388D18B2/\(segment)") == .map(properties))
        let baseline = try await house.get("/ble/A4C1388D18B2/\(segment)", query: ["if=oic.if.baseline"])
        #expect(baseline?["rt"] == [.text(type)])
        try Self.check(type, baseline)
        try Self.check(type, .map(properties))
    }

    static func check(_ type: String, _ value: CBOR.Value?) throws {
        guard type.hasPrefix("oic.") else { return }
        let store = try SchemaStore.shared.get()
        let file = try #require(store.file(ofType: type))
        #expect(try store.faults(of: #require(value), in: store.answer(in: file)) == [])
    }

    @Test(
        "every row of the table makes what its schema says, whatever the number",
        arguments: ["-40", "0", "0.4", "0.123456789", "99999999"])
    func table(_ number: String) async throws {
        let quantity = try #require(Quantity(number))
        for (name, rules) in FieldRule.byName {
            for rule in rules {
                for unit in rule.units.map({ $0.keys.sorted().map(Optional.some) }) ?? [nil] {
                    let isNeverNegative = ["oic.r.weight", "oic.r.speed"].contains(rule.definition.type)
                    guard !isNeverNegative || quantity.mantissa >= 0 else { continue }
                    let field = Field(name: name, value: .number(quantity), unit: unit)
                    let found = FieldRule.find(name: name, value: field.value, unit: unit, deviceClass: nil)
                    #expect(found.definition == rule.definition, "\(name) \(unit ?? "")")
                    // The names of a rule make the same properties: its schema is asked of one of them.
                    guard name == rule.names.min() else { continue }
                    let map = try #require(found.properties(field, batteryThreshold: 20))
                    try Self.check(found.definition.type, .map(map))
                }
            }
        }
    }

    @Test(
        "a line called State is what its class says",
        arguments: [
            ("contact", "oic.r.sensor.contact"), ("door", "oic.r.sensor.contact"), ("motion", "oic.r.sensor.motion"),
            ("button", "oic.r.button"), ("presence", "oic.r.sensor.presence"), ("leak", "oic.r.sensor.water"),
            ("whatever", "oic.r.sensor"),
        ])
    func deviceClass(_ deviceClass: String, _ type: String) {
        let rule = FieldRule.find(name: "State", value: .boolean(true), unit: nil, deviceClass: deviceClass)
        #expect(rule.definition.type == type)
    }

    @Test("power and energy together are one resource, apart they are two")
    func meter() async throws {
        let house = try await DeviceHouse()
        try await house.add(
            "ble/METER",
            fields: [
                Field(name: "Power", value: .n("69.14"), unit: "W"),
                Field(name: "Energy", value: .n("344.593"), unit: "kWh"),
            ])
        let value = try await house.get("/ble/METER/energy")
        #expect(value == ["power": 69.14, "energy": 344593.0])
        try Self.check("oic.r.energy.consumption", value)
        #expect(try await house.get("/ble/METER/power") == nil)
    }

    typealias ParameterRow = (Parameter, String, CBOR.Map?, CBOR.Value, FieldValue)

    nonisolated static let parameters: [ParameterRow] = [
        (
            Parameter(name: "Output", kind: .boolean, value: .boolean(false)), "oic.r.switch.binary", ["value": false],
            ["value": true], .boolean(true)
        ),
        (Parameter(name: "Output", kind: .boolean), "oic.r.switch.binary", nil, ["value": true], .boolean(true)),
        (
            Parameter(
                name: "Brightness", kind: .number(minimum: 0, maximum: 100, decimals: 0, unit: "%"), value: .n("30")),
            "oic.r.light.dimming", ["dimmingSetting": 30, "range": [0, 100]], ["dimmingSetting": 40], .n("40")
        ),
        (
            Parameter(
                name: "Position", kind: .number(minimum: 0, maximum: 100, decimals: 0, unit: "%"), value: .n("0")),
            "oic.r.openlevel", ["openLevel": 0, "range": [0, 100]], ["openLevel": 40.0], .n("40")
        ),
        (
            Parameter(
                name: "Colour Temperature", kind: .number(minimum: 153, maximum: 500, decimals: 0, unit: "mired"),
                value: .n("200")),
            "oic.r.colour.colourtemperature", ["ct": 200, "range": [153, 500]], ["ct": 300], .n("300")
        ),
        (
            Parameter(
                name: "Target", kind: .number(minimum: 5, maximum: 30, decimals: 1, unit: "°C"), value: .n("20.5")),
            "oic.r.temperature", ["temperature": 20.5, "range": [5.0, 30.0], "units": "C"], ["temperature": 21.5],
            .n("21.5")
        ),
        (
            Parameter(
                name: "Target", kind: .number(minimum: 5, maximum: 30, decimals: 1, unit: "°C"), value: .n("20.5")),
            "oic.r.temperature", ["temperature": 20.5, "range": [5.0, 30.0], "units": "C"],
            ["temperature": 68, "units": "F"], .n("20.0")
        ),
        (
            Parameter(name: "Lock", kind: .choice(["Locked", "Unlocked"]), value: .text("Locked")), "oic.r.lock.status",
            ["lockState": "Locked"], ["lockState": "Unlocked"], .text("Unlocked")
        ),
        (
            Parameter(name: "Mode", kind: .choice(["eco", "comfort"]), value: .text("eco")), "x.gatehouse.text.setting",
            ["value": "eco", "choices": ["eco", "comfort"]], ["value": "comfort"], .text("comfort")
        ),
        (
            Parameter(name: "Label", kind: .text(maximumLength: 8), value: .text("a")), "x.gatehouse.text.setting",
            ["value": "a"], ["value": "b"], .text("b")
        ),
        (
            Parameter(
                name: "Delay", kind: .number(minimum: nil, maximum: nil, decimals: 2, unit: "s"), value: .n("1.50")),
            "x.gatehouse.number.setting", ["value": 1.5, "unit": "s"], ["value": 2.25], .n("2.25")
        ),
    ]

    @Test("each parameter is a resource that can be set", arguments: parameters.indices)
    func parameter(_ index: Int) async throws {
        let (parameter, type, properties, body, value) = Self.parameters[index]
        let house = try await DeviceHouse()
        let id = try await house.add("gpio/x", parameters: [parameter])
        let path = "/gpio/x/\(FieldName.segment(parameter.name))"
        let shown = await house.ask(.get, path)
        if let properties {
            #expect(try shown.representation() == .map(properties))
            try Self.check(type, .map(properties))
            let baseline = try await house.get(path, query: ["if=oic.if.baseline"])
            #expect(baseline?["rt"] == [.text(type)])
            try Self.check(type, baseline)
        } else {
            #expect(shown.code == .serviceUnavailable)
        }
        let answer = await house.ask(.post, path, body)
        #expect(answer.code == .changed, "\(String(decoding: answer.payload, as: UTF8.self))")
        #expect(house.driver.writes.count == 1)
        #expect(house.driver.writes.first?.0 == id)
        #expect(house.driver.writes.first?.1 == parameter.name)
        #expect(house.driver.writes.first?.2 == value)
        try Self.check(type, answer.representation())
    }

    @Test("an output's state as a field of the same name is no resource of its own")
    func stateOfOutput() async throws {
        let house = try await DeviceHouse()
        try await house.add(
            "gpio/relay1", fields: [Field(name: "Output", value: .boolean(true))],
            parameters: [Parameter(name: "Output", kind: .boolean)])
        #expect(try await house.get("/gpio/relay1/output") == ["value": true])
        #expect(house.device.entries.values.first?.values.count == 1)
    }

    @Test("names become segments, two of one made different")
    func segments() async throws {
        #expect(FieldName.segment("Temperature") == "temperature")
        #expect(FieldName.segment("Battery Level") == "battery-level")
        #expect(FieldName.segment(" PM2.5 ") == "pm2-5")
        #expect(FieldName.segment("Überdruck") == "berdruck")
        #expect(FieldName.segment("°") == "value")
        #expect(FieldName.segment(String(repeating: "x", count: 200)).utf8.count == FieldName.longestSegment)
        let house = try await DeviceHouse()
        try await house.add(
            "ble/X", fields: [Field(name: "A b", value: .n("1")), Field(name: "A-B", value: .n("2"))])
        #expect(house.device.entries.values.first?.values.map(\.segment) == ["a-b", "a-b-2", "available"])
        #expect(try await house.get("/ble/X/a-b-2") == ["measurement": 2.0, "unit": "/"])
    }

    @Test("a temperature in the unit that is asked for")
    func units() async throws {
        let house = try await DeviceHouse()
        try await house.add("ble/X", fields: [Field(name: "Temperature", value: .n("20.0"), unit: "°C")])
        #expect(try await house.get("/ble/X/temperature", query: ["units=F"]) == ["temperature": 68.0, "units": "F"])
        #expect(try await house.get("/ble/X/temperature", query: ["units=K"]) == ["temperature": 293.15, "units": "K"])
        #expect(try await house.get("/ble/X/temperature", query: ["units=C"]) == ["temperature": 20.0, "units": "C"])
        let refused = await house.ask(.get, "/ble/X/temperature", query: ["units=X"])
        #expect(refused.code == .forbidden)
        #expect(try refused.representation() == ["temperature": 20.0, "units": "C"])
    }

    @Test("a value that is missing is 5.03 and in no batch")
    func missing() async throws {
        let house = try await DeviceHouse()
        let field = Field(name: "Temperature", value: .n("20.0"), unit: "°C", quality: .missing)
        try await house.add("ble/X", fields: [field])
        #expect(await house.ask(.get, "/ble/X/temperature").code == .serviceUnavailable)
        let batch = try #require(try await house.get("/ble/X", query: ["if=oic.if.b"]))
        #expect(batch.items?.compactMap { $0["href"]?.string } == ["/ble/X/available"])
    }
}
