import JSONText

/// The protected header of a compact object (RFC 7515 4, RFC 7516 4): the members that are understood. Others are ignored,
/// as the RFC says, among them those that would name or bring a key (`jwk`, `jku`, `x5c`, `x5u`): keys come from
/// configuration alone.
public struct JOSEHeader: Sendable, Hashable {
    /// `alg`, as it is written.
    public let algorithm: String
    /// `enc`, of a JWE.
    public let encryption: String?
    /// `kid`.
    public let keyID: String?
    /// `typ`.
    public let type: String?
    /// `cty`.
    public let contentType: String?
    /// `epk`: the sender's key of an agreement.
    let ephemeralKey: EllipticPublicKey?
    /// `apu` and `apv`, decoded.
    let partyU: [UInt8]
    let partyV: [UInt8]

    /// Reads a header.
    ///
    /// - Throws: ``JOSEError`` `malformed`, `unsecured`, `criticalHeader`, `compressed`, `badKey` or `tooLong`.
    init(decoding bytes: [UInt8]) throws(JOSEError) {
        guard bytes.count <= JOSELimits.header else {
            throw JOSEError(.tooLong, "a header of \(bytes.count) bytes; at most \(JOSELimits.header) are read")
        }
        let json: JSON
        do { json = try JSON.parse(bytes, limits: JOSELimits.headerText) } catch {
            throw JOSEError(.malformed, "the header is no JSON: \(error)")
        }
        guard let object = json.object else {
            throw JOSEError(.malformed, "expected the header as an object, found \(json.kindName)")
        }
        func text(_ name: String) throws(JOSEError) -> String? {
            guard let value = object[name] else { return nil }
            guard let text = value.string else {
                throw JOSEError(.malformed, "expected \"\(name)\" in the header as text, found \(value.kindName)")
            }
            return text
        }
        guard object["crit"] == nil else {
            throw JOSEError(.criticalHeader, "the header has \"crit\": no extension is understood here")
        }
        guard object["zip"] == nil else {
            throw JOSEError(.compressed, "the header has \"zip\": compressed content is not taken")
        }
        guard let algorithm = try text("alg") else {
            throw JOSEError(.malformed, "the header has no \"alg\"")
        }
        // Spelled anyhow: a reader with a looser eye must not be needed to see through it.
        guard algorithm.lowercased() != "none" else {
            throw JOSEError(.unsecured, "\"alg\" is none: nobody vouches for the content")
        }
        self.algorithm = algorithm
        encryption = try text("enc")
        keyID = try text("kid")
        guard keyID?.utf8.count ?? 0 <= JOSELimits.keyID else {
            throw JOSEError(.tooLong, "a \"kid\" of more than \(JOSELimits.keyID) bytes")
        }
        type = try text("typ")
        contentType = try text("cty")
        ephemeralKey = try object["epk"].map { json throws(JOSEError) in
            guard case .ellipticPublic(let key) = try JSONWebKey(json).material else {
                throw JOSEError(.badKey, "\"epk\" is no public EC key")
            }
            return key
        }
        func party(_ name: String) throws(JOSEError) -> [UInt8] {
            guard let encoded = try text(name) else { return [] }
            guard let bytes = Base64URL.decode(encoded), bytes.count <= JOSELimits.partyInfo else {
                throw JOSEError(.malformed, "\"\(name)\" is base64url of at most \(JOSELimits.partyInfo) bytes")
            }
            return bytes
        }
        partyU = try party("apu")
        partyV = try party("apv")
    }
}

extension String {
    /// ASCII letters made small; the standard library's own would bring Unicode tables into a comparison of names.
    fileprivate func lowercased() -> String {
        String(decoding: utf8.map { (65...90).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self)
    }
}
