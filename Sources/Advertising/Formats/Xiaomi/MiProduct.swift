/// A product of Xiaomi's ecosystem, by the number in its MiBeacon.
///
/// Most products send objects that mean the same for all; where they do not, ``quirk`` says how.
/// Source: xiaomi-ble 1.21 (`devices.py`, and the models its objects name).
struct MiProduct: Sendable {
    /// What a product does otherwise than the others.
    enum Quirk: UInt8, Sendable {
        case none
        /// Its humidity jumps between tenths; whole percents are shown.
        case wholeHumidity
        /// It runs on one alkaline cell and not on a button cell: its voltage is guessed from another curve.
        case alkaline
        // What an illuminance object means.
        case lightFlag, openingLight, motionLight, motionLux, lux
        // Locks: one that a handle locks, one with three bolts, and a safe.
        case latchLock, antilockLock, safe
        // Leak sensors with two places, and with one below.
        case leakTwoWays, leakBelow
        // Presence sensors.
        case occupancyThreeWays, occupancyNear
        /// A scale that says when the weight stands.
        case scale
        // Buttons, by the object 0x1001.
        case button, cube, remote, fanRemote, ventilatorRemote, bathroomRemote, dimmer, switch1, switch2, switch3
        // Buttons, by an object for each kind of press.
        case twoButtons, twoButtonsCombined, codedButton, plainButton, fourButtons, oneOfFour
    }

    let identifier: UInt16
    /// The model, as its maker calls it.
    let model: StaticString
    let quirk: Quirk
    /// It sends when something happens, and not at an interval.
    let sleeps: Bool

    init(_ identifier: UInt16, _ model: StaticString, _ quirk: Quirk = .none, sleeps: Bool = false) {
        self.identifier = identifier
        self.model = model
        self.quirk = quirk
        self.sleeps = sleeps
    }

    /// The product with this number; nil for one that is not known.
    static func find(_ identifier: UInt16) -> MiProduct? {
        byIdentifier[identifier]
    }

    private static let byIdentifier = [UInt16: MiProduct](
        all.map { ($0.identifier, $0) }, uniquingKeysWith: { first, _ in first })

    /// All products, a line each.
    static let all: [MiProduct] = [
        MiProduct(0x0083, "YM-K1501"),
        MiProduct(0x0098, "HHCCJCY01", .lux),
        MiProduct(0x00DB, "MMC-T201-1"),
        MiProduct(0x0113, "YM-K1501EU"),
        MiProduct(0x0153, "YLYK01YL", .remote),
        MiProduct(0x015D, "HHCCPOT002"),
        MiProduct(0x01AA, "LYWSDCGQ", .alkaline),
        MiProduct(0x02DF, "JQJCY01YM"),
        MiProduct(0x0347, "CGG1"),
        MiProduct(0x0380, "DSL-C08", .latchLock),
        MiProduct(0x0387, "MHO-C401", .wholeHumidity),
        MiProduct(0x0391, "MMC-W505", sleeps: true),
        MiProduct(0x03B6, "YLKG07YL/YLKG08YL", .dimmer),
        MiProduct(0x03BC, "GCLS002", .lux),
        MiProduct(0x03BF, "YLYB01YL-BHFRC", .bathroomRemote),
        MiProduct(0x03D6, "CGH1", sleeps: true),
        MiProduct(0x03DD, "MUE4094RT"),
        MiProduct(0x040A, "WX08ZM"),
        MiProduct(0x045B, "LYWSD02"),
        MiProduct(0x045C, "V-SK152"),
        MiProduct(0x0489, "M1S-T500"),
        MiProduct(0x04E1, "XMMF01JQD", .cube),
        MiProduct(0x04E6, "YLYK01YL-VENFAN", .ventilatorRemote),
        MiProduct(0x04E9, "MJZNMSQ01YD"),
        MiProduct(0x055B, "LYWSD03MMC", .wholeHumidity),
        MiProduct(0x0576, "CGD1"),
        MiProduct(0x0599, "MJZNMS03LM"),
        MiProduct(0x066F, "CGDK2"),
        MiProduct(0x068E, "YLYK01YL-FANCL", .fanRemote),
        MiProduct(0x069E, "ZNMS16LM"),
        MiProduct(0x069F, "ZNMS17LM", .antilockLock),
        MiProduct(0x06D3, "MHO-C303"),
        MiProduct(0x0784, "XMZNMS04LM"),
        MiProduct(0x07BF, "YLAI003", .button),
        MiProduct(0x07F6, "MJYD02YL", .lightFlag),
        MiProduct(0x0806, "T700"),
        MiProduct(0x0863, "SJWS01LM", .button),
        MiProduct(0x098B, "MCCGQ02HL", .openingLight, sleeps: true),
        MiProduct(0x098C, "XMZNMST02YD"),
        MiProduct(0x0997, "JTYJGD03MI", .button, sleeps: true),
        MiProduct(0x09B0, "loock.safe.v1", .safe),
        MiProduct(0x0A83, "CGPR1", .motionLux),
        MiProduct(0x0A8D, "RTCGQ02LM", .motionLight, sleeps: true),
        MiProduct(0x0B48, "CGG1-ENCRYPTED"),
        MiProduct(0x0C3C, "CGC1"),
        MiProduct(0x0DE7, "SU001-T"),
        MiProduct(0x0DFD, "K9B-3BTN", .switch3),
        MiProduct(0x0E39, "XMZNMS08LM"),
        MiProduct(0x11C2, "Lockin-SV40"),
        MiProduct(0x1203, "XMWSDJ04MMC"),
        MiProduct(0x1568, "K9B-1BTN", .switch1),
        MiProduct(0x1569, "K9B-2BTN", .switch2),
        MiProduct(0x16E4, "LYWSD02MMC"),
        MiProduct(0x1790, "T700"),
        MiProduct(0x1889, "MS1BB(MI)", sleeps: true),
        MiProduct(0x1949, "XMWXKG01YL", .twoButtonsCombined),
        MiProduct(0x1C10, "K9BB-1BTN", .codedButton),
        MiProduct(0x2387, "XMWXKG01LM", .plainButton),
        MiProduct(0x2542, "LYWSD02MMC"),
        MiProduct(0x2832, "MJWSD05MMC"),
        MiProduct(0x2AEB, "HS1BB(MI)", sleeps: true),
        MiProduct(0x30D9, "MJTZC01YM", .scale, sleeps: true),
        MiProduct(0x3531, "XMPIRO2SXS", sleeps: true),
        MiProduct(0x38BB, "PTX_YK1_QMIMB"),
        MiProduct(0x3A61, "KS1", .fourButtons),
        MiProduct(0x3BD5, "MJTZC01YM", .scale, sleeps: true),
        MiProduct(0x3E17, "KS1BP", .fourButtons),
        MiProduct(0x3F0F, "RS1BB(MI)", sleeps: true),
        MiProduct(0x3F4C, "PS1BB", sleeps: true),
        MiProduct(0x45C9, "MJTZC02YM", .scale, sleeps: true),
        MiProduct(0x4683, "XMOSB01XS", .occupancyThreeWays, sleeps: true),
        MiProduct(0x48CF, "MJTZC01YM", .scale, sleeps: true),
        MiProduct(0x4B05, "MJTZC03YM", .scale, sleeps: true),
        MiProduct(0x4C04, "MJTZC02YM", .scale, sleeps: true),
        MiProduct(0x4C47, "MJWSD05MMC"),
        MiProduct(0x4C60, "XMPIRO2GSXS", sleeps: true),
        MiProduct(0x4DCB, "MJTZC02YM", .scale, sleeps: true),
        MiProduct(0x4F59, "CGDK3", .alkaline),
        MiProduct(0x4FC2, "MJTZC01YM", .scale, sleeps: true),
        MiProduct(0x50FB, "ES3", sleeps: true),
        MiProduct(0x520B, "KS2BB", .oneOfFour),
        MiProduct(0x55B5, "MJWSD06MMC"),
        MiProduct(0x5968, "XMWS01XS", .twoButtons),
        MiProduct(0x59FA, "M2457B1", sleeps: true),
        MiProduct(0x59FB, "M2456B1", sleeps: true),
        MiProduct(0x59FC, "M2456B1", sleeps: true),
        MiProduct(0x5BEA, "MJWSD06MMC"),
        MiProduct(0x5DB1, "MBS17"),
        MiProduct(0x6188, "M2456B1", sleeps: true),
        MiProduct(0x6375, "SJWS02LM", .leakTwoWays, sleeps: true),
        MiProduct(0x6A0F, "ES5BB", .occupancyNear, sleeps: true),
        MiProduct(0x7712, "zhiee.flood.sj01", .leakBelow, sleeps: true),
        MiProduct(0x78A3, "AFWXKG220000", .oneOfFour),
        MiProduct(0x78D1, "MC-COMM", sleeps: true),
        MiProduct(0x78DB, "ESM787"),
    ]
}
