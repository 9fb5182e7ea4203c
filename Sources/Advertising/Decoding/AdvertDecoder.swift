/// Finds the format of an advert and reads it.
///
/// The formats are a table; a payload's structures are held against its numbers, so that a stranger's advert costs a
/// comparison for each structure and format, and nothing else.
///
/// ```swift
/// var list = MeasurementList()                  // keep it: no allocation from the second advert on
/// switch AdvertDecoder.standard.decode(payload.span, address: address, key: nil, into: &list) { … }
/// ```
public struct AdvertDecoder: Sendable {
    /// Reads one structure's data, behind the number of its service or company. Fills the list or refuses.
    ///
    /// `payload` is the whole of it, for formats that need a second structure or the name; most look at `data` alone.
    typealias Reader =
        @Sendable (
            _ data: Span<UInt8>, _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?,
            _ list: inout MeasurementList
        ) -> DecodeOutcome

    /// One family of formats.
    struct Family: Sendable {
        let selector: Selector
        let read: Reader
    }

    /// What a structure must be for a family to look at it.
    struct Selector: Sendable, Hashable {
        /// AD type in the high half, number of service or company in the low one.
        let rawValue: UInt32

        static func service(_ uuid: UInt16) -> Selector {
            Selector(rawValue: UInt32(ADType.serviceData16.rawValue) << 16 | UInt32(uuid))
        }

        static func company(_ identifier: UInt16) -> Selector {
            Selector(rawValue: UInt32(ADType.manufacturerData.rawValue) << 16 | UInt32(identifier))
        }
    }

    private let families: [Family]
    /// The families' selectors side by side, for the search.
    private let selectors: [UInt32]

    /// Reads manufacturer data under numbers that are no company's, whose maker only the name or the services tell; asked
    /// when no family took any structure.
    private let nameless: Reader?

    init(_ families: [Family], nameless: Reader? = nil) {
        self.families = families
        self.nameless = nameless
        selectors = families.map(\.selector.rawValue)
    }

    /// All formats of the house. A new one is one line here and a file in `Formats`.
    public static let standard = AdvertDecoder(
        [
            Family(selector: .service(BTHome.serviceUUID), read: BTHome.read),
            Family(selector: .company(Ruuvi.companyIdentifier), read: Ruuvi.read),
            Family(selector: .service(ATC.serviceUUID), read: ATC.read),
            Family(selector: .service(MiBeacon.serviceUUID), read: MiBeacon.read),
            Family(selector: .service(SwitchBot.serviceUUID), read: SwitchBot.read),
            Family(selector: .service(SwitchBot.oldServiceUUID), read: SwitchBot.read),
            Family(selector: .company(SwitchBot.companyIdentifier), read: SwitchBot.read),
            Family(selector: .company(SwitchBot.humidifierCompany), read: SwitchBot.read),
            Family(selector: .company(IBeacon.companyIdentifier), read: IBeacon.read),
            Family(selector: .service(Eddystone.serviceUUID), read: Eddystone.read),
            Family(selector: .service(BTHomeV1.plainUUID), read: BTHomeV1.readPlain),
            Family(selector: .service(BTHomeV1.encryptedUUID), read: BTHomeV1.readEncrypted),
            Family(selector: .service(XiaomiScale.weightUUID), read: XiaomiScale.readWeight),
            Family(selector: .service(XiaomiScale.compositionUUID), read: XiaomiScale.readComposition),
            Family(selector: .service(XiaomiPlant.serviceUUID), read: XiaomiPlant.read),
        ], nameless: Govee.readNameless)

    /// Reads an advertising payload.
    ///
    /// - Parameters:
    ///   - payload: the AD structures as the radio delivered them, scan response or not.
    ///   - address: the advertiser's address; decryption needs it where the payload does not repeat it.
    ///   - key: the device's key, where one is known. With it, a payload in the clear is refused.
    ///   - list: emptied, then filled. Empty again when the outcome is not ``DecodeOutcome/decoded(_:)``.
    /// - Returns: the first structure that decodes decides; else the first refusal; else unknown.
    public func decode(
        _ payload: Span<UInt8>, address: BluetoothAddress?, key: BindKey?, into list: inout MeasurementList
    ) -> DecodeOutcome {
        list.removeAll()
        var outcome = DecodeOutcome.unknown
        var hasManufacturerData = false
        var cursor = ADCursor()
        while let structure = cursor.next(in: payload) {
            guard structure.type == .serviceData16 || structure.type == .manufacturerData, structure.count >= 2 else {
                continue
            }
            hasManufacturerData = hasManufacturerData || structure.type == .manufacturerData
            let number = payload.little(structure.offset, 2)
            let wanted = UInt32(structure.type.rawValue) << 16 | number
            for index in selectors.indices where selectors[index] == wanted {
                let data = payload.extracting(structure.offset + 2..<structure.offset + structure.count)
                let answer = families[index].read(data, payload, address, key, &list)
                if case .decoded = answer { return answer }
                list.removeAll()
                if outcome == .unknown { outcome = answer }
            }
        }
        if hasManufacturerData, let nameless {
            let answer = decodeNameless(payload, address, key, nameless, into: &list)
            if answer != .unknown { outcome = answer }
        }
        return outcome
    }

    /// Shows each manufacturer data to the reader that goes by names.
    private func decodeNameless(
        _ payload: Span<UInt8>, _ address: BluetoothAddress?, _ key: BindKey?, _ read: Reader,
        into list: inout MeasurementList
    ) -> DecodeOutcome {
        var outcome = DecodeOutcome.unknown
        var cursor = ADCursor()
        while let structure = cursor.next(in: payload) {
            guard structure.type == .manufacturerData, structure.count >= 2 else { continue }
            // From the number on: it may be the reader's own.
            let data = payload.extracting(structure.offset..<structure.offset + structure.count)
            let answer = read(data, payload, address, key, &list)
            if case .decoded = answer { return answer }
            list.removeAll()
            if outcome == .unknown { outcome = answer }
        }
        return outcome
    }

    /// The convenient form, which allocates: the format and the readings, or why there are none.
    ///
    /// - Returns: nil for an advert of no format of ours.
    /// - Throws: ``Refusal``.
    public func decode(
        _ payload: [UInt8], address: BluetoothAddress? = nil, key: BindKey? = nil
    ) throws(Refusal) -> DecodedAdvert? {
        var list = MeasurementList()
        switch decode(payload.span, address: address, key: key, into: &list) {
        case .decoded(let format):
            return DecodedAdvert(format: format, readings: list.readings, envelope: list.envelope)
        case .unknown: return nil
        case .refused(let refusal): throw refusal
        }
    }
}

/// An advert read the convenient way.
public struct DecodedAdvert: Sendable, Hashable {
    /// The format.
    public let format: AdvertFormat
    /// What it said, each name once.
    public let readings: [Reading]
    /// What surrounds it.
    public let envelope: Envelope

    /// The reading of this report name, else nil.
    public subscript(name: String) -> Reading? {
        readings.first { $0.name == name }
    }
}
