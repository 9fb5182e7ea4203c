import FlashStore
import JOSE
import JSONText
import OneM2MPrimitives

/// What of tokens survives a restart: keys, revocations, and the last lists of issuers. Without a store it survives nothing.
struct TokenMemory: Sendable {
    /// Where everything stands in the daemon's store.
    static let prefix = "onem2m-tokens/"
    private static let ringKey = prefix + "ring"
    private static let hostKey = prefix + "host"
    private static let revokedKey = prefix + "revoked"
    private static let listPrefix = prefix + "list/"

    /// What the authority here and the host here have revoked.
    struct Revocations: Sendable, Hashable {
        var number: Int64 = 0
        var issued: [QualifiedName: OneM2MTime] = [:]
        var here: [QualifiedName: OneM2MTime] = [:]
    }

    let store: FlashStore?

    /// The record of a key; nil for none. One that cannot be read is never taken for one that is not there: what is written
    /// in its place would be lost for good.
    private func read(_ key: String, _ what: String) throws(OneM2MError) -> JSON? {
        guard let bytes = store?.get(key) else { return nil }
        guard let json = try? JSON.parse(bytes) else { throw Self.unreadable(what) }
        return json
    }

    private static func unreadable(_ what: String) -> OneM2MError {
        OneM2MError(.internalServerError, "the record of \(what) cannot be read, and stays on flash as it is")
    }

    private func write(_ key: String, _ json: JSON) async throws(OneM2MError) {
        do { try await store?.put(key, Array(json.serialized().utf8), .now) } catch {
            throw OneM2MError(.internalServerError, "the store did not take it: \(error)")
        }
    }

    /// The authority's keys; nil for none yet.
    ///
    /// - Throws: ``OneM2MError`` 5000 for a record that cannot be read: other keys instead would make all tokens worthless.
    func ring() throws(OneM2MError) -> SigningKeyRing? {
        let what = "the authority's keys"
        guard let json = try read(Self.ringKey, what) else { return nil }
        guard let ring = SigningKeyRing(record: json) else { throw Self.unreadable(what) }
        return ring
    }

    func keep(_ ring: SigningKeyRing) async throws(OneM2MError) { try await write(Self.ringKey, ring.record) }

    /// The key that issuers encrypt for; nil for none yet.
    ///
    /// - Throws: ``OneM2MError`` 5000 for a record that cannot be read: with another key instead, every token that was
    ///   encrypted for this CSE would be worthless.
    func host() throws(OneM2MError) -> JSONWebKey? {
        let what = "the key that tokens for this CSE are encrypted with"
        guard let json = try read(Self.hostKey, what) else { return nil }
        guard let key = try? JSONWebKey(json), case .ellipticPrivate = key.material else { throw Self.unreadable(what) }
        return key
    }

    func keep(host key: JSONWebKey) async throws(OneM2MError) { try await write(Self.hostKey, key.json) }

    /// What was revoked.
    ///
    /// - Throws: ``OneM2MError`` 5000 for a record that cannot be read: what was revoked would count again.
    func revocations() throws(OneM2MError) -> Revocations {
        let what = "what is revoked"
        guard let json = try read(Self.revokedKey, what) else { return Revocations() }
        func table(_ json: JSON?) throws(OneM2MError) -> [QualifiedName: OneM2MTime] {
            guard let members = json?.object else { throw Self.unreadable(what) }
            var table: [QualifiedName: OneM2MTime] = [:]
            for member in members {
                guard let id = QualifiedName(member.name), let end = member.value.int,
                    (0...OneM2MTime.distantFuture.seconds).contains(Int64(end))
                else { throw Self.unreadable(what) }
                table[id] = OneM2MTime(microseconds: Int64(end) * 1_000_000)
            }
            return table
        }
        guard let number = json["num"]?.int else { throw Self.unreadable(what) }
        return Revocations(number: Int64(number), issued: try table(json["issued"]), here: try table(json["here"]))
    }

    func keep(_ revocations: Revocations) async throws(OneM2MError) {
        func json(_ table: [QualifiedName: OneM2MTime]) -> JSON {
            .object(
                JSONObject(
                    table.sorted { "\($0.key)" < "\($1.key)" }.map { ("\($0.key)", JSON.int($0.value.seconds)) }))
        }
        try await write(
            Self.revokedKey,
            ["num": .int(revocations.number), "issued": json(revocations.issued), "here": json(revocations.here)])
    }

    /// The last signed list of an issuer, and the ``TrustedIssuer/anchors`` it was verified under; nil for none yet.
    ///
    /// - Throws: ``OneM2MError`` 5000 for a record that cannot be read.
    func list(of issuer: EntityID) throws(OneM2MError) -> (text: String, anchors: [String])? {
        let what = "the revocation list of \(issuer)"
        guard let json = try read(Self.listPrefix + issuer.absolute, what) else { return nil }
        guard let text = json["list"]?.string else { throw Self.unreadable(what) }
        return (text, (json["anchors"]?.array ?? []).compactMap(\.string))
    }

    /// Kept with others: it can be had again.
    func keep(list: String, of issuer: EntityID, anchors: [String]) {
        let json: JSON = ["list": .string(list), "anchors": .array(anchors.map { .string($0) })]
        store?.putBatched(Self.listPrefix + issuer.absolute, Array(json.serialized().utf8))
    }
}
