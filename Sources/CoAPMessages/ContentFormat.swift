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

/// The value of OCF's content-format version options: major, minor and patch in 5, 5 and 6 bits.
public enum OCFVersion {
    /// 1.0.0: the encoding of OCF 1.0 and later.
    public static let v1_0_0: UInt16 = 2048
    /// 1.1.0.
    public static let v1_1_0: UInt16 = 2112
}
