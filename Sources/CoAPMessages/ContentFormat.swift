/// Numbers of Content-Format and Accept (IANA CoAP Content-Formats; OCF core).
public enum ContentFormat {
    /// text/plain; charset=utf-8.
    public static let textPlain: UInt16 = 0
    /// application/link-format.
    public static let linkFormat: UInt16 = 40
    /// application/xml.
    public static let xml: UInt16 = 41
    /// application/octet-stream.
    public static let octetStream: UInt16 = 42
    /// application/json.
    public static let json: UInt16 = 50
    /// application/cbor.
    public static let cbor: UInt16 = 60
    /// application/vnd.ocf+cbor.
    public static let ocfCBOR: UInt16 = 10_000
}

/// What oneM2M has registered (TS-0008 V3.9, clause 6.2.4): resources, notifications, and whole primitives.
extension ContentFormat {
    /// application/vnd.onem2m-res+json.
    public static let oneM2MResourceJSON: UInt16 = 10_001
    /// application/vnd.onem2m-ntfy+json.
    public static let oneM2MNotificationJSON: UInt16 = 10_003
    /// application/vnd.onem2m-preq+json: a request primitive.
    public static let oneM2MRequestJSON: UInt16 = 10_007
    /// application/vnd.onem2m-prsp+json: a response primitive.
    public static let oneM2MResponseJSON: UInt16 = 10_009
    /// application/vnd.onem2m-res+cbor.
    public static let oneM2MResourceCBOR: UInt16 = 10_010
    /// application/vnd.onem2m-ntfy+cbor.
    public static let oneM2MNotificationCBOR: UInt16 = 10_011
    /// application/vnd.onem2m-preq+cbor: a request primitive.
    public static let oneM2MRequestCBOR: UInt16 = 10_012
    /// application/vnd.onem2m-prsp+cbor: a response primitive.
    public static let oneM2MResponseCBOR: UInt16 = 10_013
}

/// The value of OCF's content-format version options: major, minor and patch in 5, 5 and 6 bits.
public enum OCFVersion {
    /// 1.0.0: the encoding of OCF 1.0 and later.
    public static let v1_0_0: UInt16 = 2048
    /// 1.1.0.
    public static let v1_1_0: UInt16 = 2112
}
