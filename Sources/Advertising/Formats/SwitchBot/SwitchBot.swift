/// SwitchBot: the model in the service data 0xFD3D (once 0x0D00), the state in them or in manufacturer data beside them.
///
/// A device answers an active scan with its service data; a passive scan hears the manufacturer data alone, from which
/// nobody can tell the model, so that they are refused.
enum SwitchBot {
    /// Woan Technology.
    static let serviceUUID: UInt16 = 0xFD3D
    /// What early firmwares used.
    static let oldServiceUUID: UInt16 = 0x0D00
    /// Woan Technology.
    static let companyIdentifier: UInt16 = 0x0969
    /// The humidifier's.
    static let humidifierCompany: UInt16 = 0x02E5

    @Sendable
    static func read(
        _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
        _ list: inout MeasurementList
    ) -> DecodeOutcome {
        // Whichever structure led here, both may be there.
        let service =
            payload.find(.serviceData16, serviceUUID) ?? payload.find(.serviceData16, oldServiceUUID) ?? 0..<0
        let maker =
            payload.find(.manufacturerData, companyIdentifier) ?? payload.find(.manufacturerData, humidifierCompany)
            ?? 0..<0
        // Humidifiers have a number of their own, and no letter in some firmwares' service data.
        let isHumidifier = maker.count == 6 && payload.find(.manufacturerData, companyIdentifier) == nil
        guard !service.isEmpty else {
            return .refused(Refusal(isHumidifier ? .noMeasurements : .unknownDevice, .switchBot))
        }
        let serviceData = payload.extracting(service)
        guard let model = SwitchBotModel.find(serviceData) ?? (isHumidifier ? .humidifier : nil) else {
            return .refused(Refusal(.unknownDevice, .switchBot, found: Int(serviceData[0])))
        }
        let makerData = payload.extracting(maker)
        guard makerData.count >= model.length else {
            return .refused(Refusal(.wrongLength, .switchBot, found: makerData.count))
        }
        var extraWasRead = true
        if let extra = model.extra { extraWasRead = readExtra(extra, serviceData, makerData, &list) }
        if extraWasRead {
            for field in model.fields {
                guard let value = field.value(field.isInService ? serviceData : makerData, &list) else { continue }
                list.append(Measurement(field.metric, value))
            }
        }
        return list.isEmpty ? .refused(Refusal(.noMeasurements, .switchBot)) : .decoded(.switchBot)
    }
}

extension Span where Element == UInt8 {
    /// Where the data of this service or company lie, behind their number; nil when there are none.
    func find(_ type: ADType, _ number: UInt16) -> Range<Int>? {
        var cursor = ADCursor()
        while let structure = cursor.next(in: self) {
            if structure.type == type, structure.count >= 2, little(structure.offset, 2) == UInt32(number) {
                return structure.offset + 2..<structure.offset + structure.count
            }
        }
        return nil
    }
}
