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

    private func read(_ key: String) -> JSON? { store?.get(key).flatMap { try? JSON.parse($0) } }

    private func write(_ key: String, _ json: JSON) async throws(OneM2MError) {
        do { try await store?.put(key, Array(json.serialized().utf8), .now) } catch {
            throw OneM2MError(.internalServerError, "the store did not take it: \(error)")
        }
    }

    /// The authority's keys; nil for none yet.
    ///
    /// - Throws: ``OneM2MError`` 5000 for a record that cannot be read: other keys instead would make all tokens worthless.
    func ring() throws(OneM2MError) -> SigningKeyRing? {
        guard let bytes = store?.get(Self.ringKey) else { return nil }
        guard let json = try? JSON.parse(bytes), let ring = SigningKeyRing(record: json) else {
            throw OneM2MError(.internalServerError, "the record of the authority's keys cannot be read")
        }
        return ring
    }

    func keep(_ ring: SigningKeyRing) async throws(OneM2MError) { try await write(Self.ringKey, ring.record) }

    /// The key that issuers encrypt for.
    func host() -> JSONWebKey? { read(Self.hostKey).flatMap { try? JSONWebKey($0) } }

    func keep(host key: JSONWebKey) async throws(OneM2MError) { try await write(Self.hostKey, key.json) }

    func revocations() -> Revocations {
        guard let json = read(Self.revokedKey) else { return Revocations() }
        func table(_ json: JSON?) -> [QualifiedName: OneM2MTime] {
            var table: [QualifiedName: OneM2MTime] = [:]
            for member in json?.object ?? JSONObject() {
                guard let id = QualifiedName(member.name), let end = member.value.int else { continue }
                table[id] = OneM2MTime(microseconds: Int64(end) * 1_000_000)
            }
            return table
        }
        return Revocations(
            number: Int64(json["num"]?.int ?? 0), issued: table(json["issued"]), here: table(json["here"]))
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

    /// The last signed list of an issuer, and the ``TrustedIssuer/anchors`` it was verified under.
    func list(of issuer: EntityID) -> (text: String, anchors: [String])? {
        guard let json = read(Self.listPrefix + issuer.absolute), let text = json["list"]?.string else { return nil }
        return (text, (json["anchors"]?.array ?? []).compactMap(\.string))
    }

    /// Kept with others: it can be had again.
    func keep(list: String, of issuer: EntityID, anchors: [String]) {
        let json: JSON = ["list": .string(list), "anchors": .array(anchors.map { .string($0) })]
        store?.putBatched(Self.listPrefix + issuer.absolute, Array(json.serialized().utf8))
    }
}
