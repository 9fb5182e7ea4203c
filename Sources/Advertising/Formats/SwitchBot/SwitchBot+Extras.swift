// What the rows cannot say.

extension SwitchBot {
    /// Reads a model's extra.
    ///
    /// - Returns: whether the data are worth anything.
    static func readExtra(
        _ extra: SwitchBotModel.Extra, _ service: Span<UInt8>, _ maker: Span<UInt8>, _ list: inout MeasurementList
    ) -> Bool {
        switch extra {
        case .climate(let offset, let hasBattery):
            return readClimate(service, maker, at: offset, hasBattery: hasBattery, &list)
        case .climateCO2:
            guard readClimate(service, maker, at: 8, hasBattery: true, &list) else { return false }
            // More than the sensor measures is an artefact.
            if maker.count >= 15, maker.big(13, 2) <= 9999 {
                list.append(.switchbotCO2, Int64(maker.big(13, 2)), decimals: 0)
            }
        case .climateLight:
            guard readClimate(service, maker, at: 13, hasBattery: false, &list) else { return false }
            light(maker[12] & 0x1F, hub2, &list)
        case .weatherStation:
            let isMade = maker.count >= 11
            guard readClimate(service, maker, at: 8, hasBattery: !isMade, &list) else { return false }
            if isMade { list.append(.battery, Int64(maker[7] & 0x7F), decimals: 0) }
        case .climateHub3: readHub3(maker, &list)
        case .climatePanel:
            list.append(.temperature, tenths(maker[8], maker[9]), decimals: 1)
            append(.isLight, maker[15] >> 1 & 3 == 2, &list)
        case .bot:
            guard service.count >= 3 else { return false }
            let isSwitch = service[1] & 0x80 != 0
            append(.switchMode, isSwitch, &list)
            append(.isOn, isSwitch && service[1] & 0x40 == 0, &list)
            list.append(.battery, Int64(service[2] & 0x7F), decimals: 0)
        case .contact: return readContact(service, maker, &list)
        case .curtain: return readCurtain(service, maker, &list)
        case .motion: return readMotion(service, maker, &list)
        case .humidifier:
            guard service.count >= 5 else { return false }
            append(.isOn, service[1] != 0, &list)
            list.append(.humidifierLevel, Int64(service[4]), decimals: 0)
            append(.switchMode, true, &list)
        case .evaporativeHumidifier: return readEvaporative(maker, &list)
        case .purifier: readPurifier(maker, &list)
        case .plug:
            append(.isOn, maker[7] == 0x80, &list)
            list.append(.wifiStrength, -Int64(maker[9]), decimals: 0)
            list.append(.switchbotPower, Int64(maker.big(10, 2) & 0x7FFF), decimals: 1)
        case .thermostat: return readThermostat(maker, &list)
        case .vacuum:
            let version = maker.little(9, 2)
            let last = (version < 100 ? version < 10 ? "00" : "0" : "") + String(version)
            let text = "\(maker[8] & 0x0F).\(maker[8] >> 4).\(last)"
            list.append(Measurement(.socVersion, .text(list.store(text))))
        case .nightLatch: append(.nightLatch, maker.count > 9 && maker[9] & 0x01 != 0, &list)
        case .nightLight:
            let level: Int64 = maker[8] & 0x08 != 0 ? 2 : 1
            list.append(.nightLightLevel, maker[8] & 0x04 != 0 ? level : 0, decimals: 0)
        }
        return true
    }

    private static func append(_ metric: Metric, _ flag: Bool, _ list: inout MeasurementList) {
        list.append(Measurement(metric, .boolean(flag)))
    }

    // MARK: Temperature and humidity

    /// A nibble of tenths, then a sign (set is positive) and seven bits of degrees.
    private static func tenths(_ fraction: UInt8, _ whole: UInt8) -> Int64 {
        let magnitude = Int64(whole & 0x7F) * 10 + Int64(fraction & 0x0F)
        return whole & 0x80 != 0 ? magnitude : -magnitude
    }

    private static func appendTemperature(_ tenths: Int64, fahrenheitDecimals: UInt8, _ list: inout MeasurementList) {
        list.append(.temperatureC, tenths, decimals: 1)
        // Hundredths of a degree Fahrenheit, exact; to tenths there is never a half.
        let hundredths = tenths * 18 + 3200
        let rounded = (hundredths + (hundredths < 0 ? -5 : 5)) / 10
        list.append(.temperatureF, fahrenheitDecimals == 2 ? hundredths : rounded, decimals: fahrenheitDecimals)
        list.append(.temperature, tenths, decimals: 1)
    }

    private static func readClimate(
        _ service: Span<UInt8>, _ maker: Span<UInt8>, at offset: Int, hasBattery: Bool, _ list: inout MeasurementList
    ) -> Bool {
        let data: Span<UInt8>
        if maker.count >= offset + 3 {
            data = maker.extracting(offset..<offset + 3)
        } else if hasBattery, service.count >= 6 {
            data = service.extracting(3..<6)
        } else {
            return false
        }
        let temperature = tenths(data[0], data[1])
        let humidity = Int64(data[2] & 0x7F)
        // All zero is a sensor that has not measured yet.
        guard temperature != 0 || humidity != 0 else { return false }
        appendTemperature(temperature, fahrenheitDecimals: 2, &list)
        append(.fahrenheitDisplay, data[2] & 0x80 != 0, &list)
        list.append(.humidity, humidity, decimals: 0)
        if hasBattery, service.count >= 3 { list.append(.battery, Int64(service[2] & 0x7F), decimals: 0) }
        return true
    }

    private static func readHub3(_ maker: Span<UInt8>, _ list: inout MeasurementList) {
        list.append(.switchbotSequence, Int64(maker[6]), decimals: 0)
        list.append(.networkState, Int64(maker[12] >> 6), decimals: 0)
        append(.sensorInserted, maker[12] & 0x20 == 0, &list)
        light(maker[12] & 0x0F, hub3, &list)
        append(.temperatureAlarm, maker[13] & 0xC0 != 0, &list)
        append(.humidityAlarm, maker[13] & 0x30 != 0, &list)
        appendTemperature(tenths(maker[13], maker[14]), fahrenheitDecimals: 1, &list)
        list.append(.humidity, Int64(maker[15] & 0x7F), decimals: 0)
        append(.motionDetected, maker[16] & 0x80 != 0, &list)
    }

    /// Lux for each level; a level beyond has none and is reported as 0.
    private static let hub2: [Int64] = [
        0, 0, 10, 20, 30, 40, 50, 60, 70, 80, 90, 105, 205, 317, 416, 510, 610, 707, 801, 897, 1023, 1091,
    ]
    private static let hub3: [Int64] = [0, 0, 50, 90, 205, 317, 510, 610, 707, 801, 1023]

    private static func light(_ level: UInt8, _ table: [Int64], _ list: inout MeasurementList) {
        list.append(.switchbotLightLevel, Int64(level), decimals: 0)
        // The smaller hub's table ends at its highest level, which all above count as.
        let index = table.count == hub3.count ? min(Int(level), table.count - 1) : Int(level)
        list.append(.switchbotIlluminance, index < table.count ? table[index] : 0, decimals: 0)
    }

    // MARK: Doors, curtains, motion

    private static func readContact(
        _ service: Span<UInt8>, _ maker: Span<UInt8>, _ list: inout MeasurementList
    ) -> Bool {
        let isFull = maker.count >= 13
        guard isFull || service.count >= 9 else { return false }
        if service.count >= 2 { append(.tested, service[1] & 0x80 != 0, &list) }
        append(.motionDetected, isFull ? maker[7] & 0x80 != 0 : service[1] & 0x40 != 0, &list)
        if service.count >= 3 { list.append(.battery, Int64(service[2] & 0x7F), decimals: 0) }
        let isTimeout = isFull ? maker[7] & 0x20 != 0 : service[3] & 0x04 != 0
        // Left open too long is open.
        append(.contactOpen, isTimeout || (isFull ? maker[7] & 0x10 != 0 : service[3] & 0x02 != 0), &list)
        append(.contactTimeout, isTimeout, &list)
        append(.isLight, isFull ? maker[7] & 0x40 != 0 : service[3] & 0x01 != 0, &list)
        list.append(.buttonCount, Int64((isFull ? maker[12] : service[8]) & 0x0F), decimals: 0)
        return true
    }

    private static func readCurtain(
        _ service: Span<UInt8>, _ maker: Span<UInt8>, _ list: inout MeasurementList
    ) -> Bool {
        let position: UInt8
        let light: UInt8
        if maker.count >= 11 {
            (position, light) = (maker[8], maker[9])
        } else if service.count >= 6 {
            (position, light) = (service[3], service[4])
        } else {
            return false
        }
        if service.count >= 2 { append(.calibration, service[1] & 0x40 != 0, &list) }
        if maker.count >= 13 {
            list.append(.battery, Int64(maker[12] & 0x7F), decimals: 0)
        } else if service.count >= 3 {
            list.append(.battery, Int64(service[2] & 0x7F), decimals: 0)
        }
        append(.inMotion, position & 0x80 != 0, &list)
        list.append(.position, 100 - min(Int64(position & 0x7F), 100), decimals: 0)
        list.append(.switchbotLightLevel, Int64(light >> 4), decimals: 0)
        list.append(.deviceChain, Int64(light & 7), decimals: 0)
        return true
    }

    private static func readMotion(
        _ service: Span<UInt8>, _ maker: Span<UInt8>, _ list: inout MeasurementList
    ) -> Bool {
        let isServed = service.count >= 6
        let isMade = maker.count >= 8
        guard isServed || isMade else { return false }
        if isServed { append(.tested, service[1] & 0x80 != 0, &list) }
        append(.motionDetected, isMade ? maker[7] & 0x40 != 0 : service[1] & 0x40 != 0, &list)
        if isServed {
            list.append(.battery, Int64(service[2] & 0x7F), decimals: 0)
            list.append(.led, Int64(service[5] >> 5 & 1), decimals: 0)
            list.append(.iot, Int64(service[5] >> 4 & 1), decimals: 0)
            list.append(.senseDistance, Int64(service[5] >> 2 & 3), decimals: 0)
            list.append(.lightIntensity, Int64(service[5] & 3), decimals: 0)
        }
        append(.isLight, isMade ? maker[7] & 0x20 != 0 : service[5] & 0x02 != 0, &list)
        return true
    }

    // MARK: Air and water

    private static let humidifierModes: [StaticString] = [
        "HIGH", "MEDIUM", "LOW", "QUIET", "TARGET_HUMIDITY", "SLEEP", "AUTO", "DRYING_FILTER",
    ]
    private static let waterLevels: [StaticString] = ["empty", "low", "medium", "high"]

    private static func readEvaporative(_ maker: Span<UInt8>, _ list: inout MeasurementList) -> Bool {
        let mode = Int(maker[7] & 0x0F)
        guard (1...humidifierModes.count).contains(mode) else { return false }
        list.append(.switchbotSequence2, Int64(maker[6]), decimals: 0)
        append(.isOn, maker[7] & 0x80 != 0, &list)
        list.append(Measurement(.mode, .text(list.store(humidifierModes[mode - 1]))))
        append(.overHumidifyProtection, maker[8] & 0x80 != 0, &list)
        append(.childLock, maker[8] & 0x20 != 0, &list)
        append(.tankRemoved, maker[8] & 0x04 != 0, &list)
        append(.tiltedAlert, maker[8] & 0x02 != 0, &list)
        append(.filterMissing, maker[8] & 0x01 != 0, &list)
        let hasMeter = maker[9] & 0x80 != 0
        append(.isMeterBound, hasMeter, &list)
        if hasMeter, maker[9] & 0x7F <= 100 {
            list.append(.humidity, Int64(maker[9] & 0x7F), decimals: 0)
            appendTemperature(tenths(maker[11] >> 4, maker[10]), fahrenheitDecimals: 2, &list)
        } else {
            for metric in [Metric.humidity, .temperature, .temperatureC, .temperatureF] {
                list.append(Measurement(metric, .missing))
            }
        }
        list.append(Measurement(.waterLevel, .text(list.store(waterLevels[Int(maker[11] & 3)]))))
        let hours = maker.big(12, 2) & 0xFFF
        let days = hours / 24
        // As Python writes a time: "1 day, 3:00:00".
        let text = (days == 0 ? "" : days == 1 ? "1 day, " : "\(days) days, ") + "\(hours % 24):00:00"
        list.append(Measurement(.filterRunTime, .text(list.store(text))))
        append(.filterAlert, days >= 10, &list)
        list.append(.targetHumidity, Int64(maker[16] & 0x7F), decimals: 0)
        return true
    }

    private static func readPurifier(_ maker: Span<UInt8>, _ list: inout MeasurementList) {
        let mode: StaticString?
        switch (maker[7] & 7, maker[9] & 0x7F) {
        case (1, 0...33): mode = "level_1"
        case (1, 34...66): mode = "level_2"
        case (1, _): mode = "level_3"
        case (2, _): mode = "auto"
        case (3, _): mode = "sleep"
        case (4, _): mode = "pet"
        default: mode = nil
        }
        list.append(Measurement(.mode, mode.map { .text(list.store($0)) } ?? .missing))
    }

    private static func readThermostat(_ maker: Span<UInt8>, _ list: inout MeasurementList) -> Bool {
        // A mode without a name is another device's.
        guard maker[11] >> 4 < 6, maker[11] & 7 < 6 else { return false }
        list.append(.temperature, tenths(maker[8], maker[9]), decimals: 1)
        list.append(.targetTemperature, tenths(maker[8] >> 4, maker[10]), decimals: 1)
        return true
    }
}
