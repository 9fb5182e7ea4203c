/// What came of an advert. Plain bytes, for a refusal must cost no more than a value.
public enum DecodeOutcome: Sendable, Hashable {
    /// The list holds what this format said.
    case decoded(AdvertFormat)
    /// No format of ours: the usual case, for most adverts around us are strangers'.
    case unknown
    /// One of our formats, and wrong in this way; the list is empty.
    case refused(Refusal)
}

/// The formats that decode.
public enum AdvertFormat: String, Sendable, Hashable, CaseIterable {
    /// BTHome version 1 without encryption.
    case bthome1 = "bthome-v1"
    /// BTHome version 1 under AES-CCM.
    case bthome1Encrypted = "bthome-v1-encrypted"
    /// BTHome version 2 without encryption.
    case bthome = "bthome-v2"
    /// BTHome version 2 under AES-CCM.
    case bthomeEncrypted = "bthome-v2-encrypted"
    /// Ruuvi format 3, "RAWv1".
    case ruuvi3 = "ruuvi-df3"
    /// Ruuvi format 5, "RAWv2".
    case ruuvi5 = "ruuvi-df5"
    /// Ruuvi format 6, Ruuvi Air's short form.
    case ruuvi6 = "ruuvi-df6"
    /// Ruuvi format E1, Ruuvi Air's extended form.
    case ruuviE1 = "ruuvi-e1"
    /// The first custom firmware for Xiaomi's thermometers.
    case atc1441
    /// The second one, with two decimals.
    case pvvx
    /// The second one's encrypted form.
    case pvvxEncrypted = "pvvx-encrypted"
    /// Xiaomi MiBeacon, any version from 2 on, without encryption.
    case miBeacon = "xiaomi-mibeacon"
    /// Xiaomi MiBeacon under AES-CCM.
    case miBeaconEncrypted = "xiaomi-mibeacon-encrypted"
    /// Xiaomi's scales and the plant sensor that have a form of their own.
    case xiaomiOther = "xiaomi-other"
    /// Govee, any model.
    case govee
    /// SwitchBot, any model.
    case switchBot = "switchbot"
    /// Apple's iBeacon.
    case iBeacon = "ibeacon"
    /// Google's Eddystone: UID, URL or TLM.
    case eddystone
}

/// Why an advert of a known format was not decoded.
public struct Refusal: Error, Sendable, Hashable {
    /// The kinds of fault.
    public enum Code: String, Sendable, Hashable {
        /// Fewer bytes than the format has, or a length that none of its forms has.
        case wrongLength
        /// A version or form that does not exist or that Gatehouse does not read.
        case unknownVersion
        /// Encrypted, and no key is known.
        case keyMissing
        /// Encrypted, and neither the radio nor the payload says by whom.
        case addressMissing
        /// The tag does not fit: a wrong key, a wrong address or a forged message.
        case wrongKey
        /// In the clear from a device whose key is known (a downgrade).
        case plaintextDespiteKey
        /// Well formed, and nothing in it.
        case noMeasurements
        /// A device of this maker that is not known here.
        case unknownDevice
        /// The payload names another sender than the radio does.
        case foreignAddress
    }

    /// What kind of fault it is.
    public let code: Code
    /// The format.
    public let format: AdvertFormat
    /// The number that was found: a length or a version, by ``code``.
    public let found: Int

    init(_ code: Code, _ format: AdvertFormat, found: Int = 0) {
        self.code = code
        self.format = format
        self.found = found
    }
}

extension Refusal: CustomStringConvertible {
    /// What was found and what to do, for people.
    public var description: String {
        switch code {
        case .wrongLength: "\(format.rawValue): \(found) bytes are no length of this format"
        case .unknownVersion: "\(format.rawValue): version or form \(found) is not known"
        case .keyMissing: "\(format.rawValue): encrypted, and no key is given for this device"
        case .addressMissing: "\(format.rawValue): encrypted, and the address it depends on is not given"
        case .wrongKey: "\(format.rawValue): the message does not authenticate; is the key right, and the address?"
        case .plaintextDespiteKey:
            "\(format.rawValue): not encrypted although a key is given, so it is not believed; was the device reset, remove the key"
        case .noMeasurements: "\(format.rawValue): no measurement inside"
        case .unknownDevice:
            "\(format.rawValue): device type 0x\(Hex.upper(UInt64(found), digits: 4)) is not known"
        case .foreignAddress: "\(format.rawValue): the address inside is not the sender's"
        }
    }
}
