import JOSE
import JSONText
import OneM2MPrimitives

/// What a Token Authority says of its tokens that are not good any more, and of its keys, as of one moment: a signed object
/// that anybody may carry and keep. The report asks for such a list (TR-0019 8.2.2 steps 6 and 9.3) and leaves its form open;
/// the published standard has none.
public struct RevocationList: Sendable, Hashable {
    /// Whose it is.
    public var issuer: EntityID
    /// Grows with each change; a lower one than was seen is old, whoever brings it.
    public var number: Int64
    /// When it was signed.
    public var thisUpdate: OneM2MTime
    /// Until when it can be relied on.
    public var nextUpdate: OneM2MTime
    /// The revoked tokens that have not expired, with their last moments.
    public var revoked: [QualifiedName: OneM2MTime]
    /// The issuer's public keys, those that will be used soon too: who trusts the signer can follow.
    public var keys: [JSON]

    /// `typ`: no token is of this type, so that neither passes for the other.
    public static let type = "gh-rvl+jwt"

    /// A list.
    public init(
        issuer: EntityID, number: Int64, thisUpdate: OneM2MTime, nextUpdate: OneM2MTime,
        revoked: [QualifiedName: OneM2MTime] = [:], keys: [JSON] = []
    ) {
        self.issuer = issuer
        self.number = number
        self.thisUpdate = thisUpdate
        self.nextUpdate = nextUpdate
        self.revoked = revoked
        self.keys = keys
    }

    /// The list, signed.
    ///
    /// - Throws: ``JOSEError`` `tooLong` when it has more entries than a compact object carries.
    public func signed(with key: SigningKey) throws(JOSEError) -> String {
        let entries = revoked.sorted { ($0.value, $0.key.description) < ($1.value, $1.key.description) }
        let json: JSON = [
            "iss": .string(issuer.absolute), "num": .int(number), "iat": .int(thisUpdate.seconds),
            "nxt": .int(nextUpdate.seconds),
            "rvk": .array(entries.map { ["tkid": .string("\($0.key)"), "exp": .int($0.value.seconds)] }),
            "keys": .array(keys),
        ]
        return try JWS.sign(Array(json.serialized().utf8), with: key, type: Self.type)
    }

    /// The keys that a signed text names, whoever has signed it.
    static func keys(in text: String) -> [JSON] {
        guard let object = try? JWS(parsing: text), let json = try? JSON.parse(object.unverifiedPayload) else {
            return []
        }
        return Array((json["keys"]?.array ?? []).prefix(TokenLimits.keysPerIssuer))
    }

    /// The list of a signed text, when one of the issuer's keys says so.
    ///
    /// - Throws: ``TokenRefusal`` of the step at which it failed.
    public init(verifying text: String, of issuer: TrustedIssuer, at home: CSEIdentity) throws(TokenRefusal) {
        let payload: [UInt8]
        do {
            let object = try JWS(parsing: text)
            guard object.header.type == Self.type else {
                throw TokenRefusal(.shape, "typ is not \(Self.type)")
            }
            payload = try object.payload(verifiedBy: issuer.keys)
        } catch let error as JOSEError {
            throw TokenRefusal(.protection, error.reason)
        } catch let error as TokenRefusal {
            throw error
        } catch { throw TokenRefusal(.shape, "unreadable") }
        func time(_ json: JSON?) -> OneM2MTime? {
            guard let seconds = json?.int, (0...253_402_300_799).contains(seconds) else { return nil }
            return OneM2MTime(microseconds: Int64(seconds) * 1_000_000)
        }
        let limits = JSONLimits(bytes: JOSELimits.compact, depth: 5, values: 4_096)
        guard let json = try? JSON.parse(payload, limits: limits), let number = json["num"]?.int, number >= 0,
            let thisUpdate = time(json["iat"]), let nextUpdate = time(json["nxt"]), let list = json["rvk"]?.array,
            list.count <= TokenLimits.revoked
        else { throw TokenRefusal(.claims, "the revocation list has not num, iat, nxt and rvk as they should be") }
        guard json["iss"]?.string.flatMap({ EntityID($0, at: home) }) == issuer.entity else {
            throw TokenRefusal(.issuer, "the revocation list is another's than \(issuer.entity)")
        }
        var revoked: [QualifiedName: OneM2MTime] = [:]
        for item in list {
            guard let id = item["tkid"]?.string.flatMap({ QualifiedName($0) }), let end = time(item["exp"]) else {
                throw TokenRefusal(.claims, "an entry of the revocation list has not tkid and exp")
            }
            revoked[id] = end
        }
        self.init(
            issuer: issuer.entity, number: Int64(number), thisUpdate: thisUpdate, nextUpdate: nextUpdate,
            revoked: revoked, keys: Array((json["keys"]?.array ?? []).prefix(TokenLimits.keysPerIssuer)))
    }
}
