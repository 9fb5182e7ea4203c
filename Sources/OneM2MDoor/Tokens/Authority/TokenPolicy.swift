import JSONText
import OneM2MPrimitives

/// An Access Token Authorization Policy (TR-0019 8.2.2 step 4.3): which holders may get what, within the issuing privileges.
public struct TokenPolicy: Sendable, Hashable {
    /// How `authorizationPolicyIDs` names it.
    public var name: String
    /// Who may get it: identifiers with `*` for the rest of a part; `all` for everybody.
    public var holders: [String]
    /// What.
    public var grants: [IssuingPrivileges.Entry]
    /// Seconds that such a token may live; nil for what the issuing privileges allow.
    public var longestLifetime: Int64?

    /// A policy.
    public init(name: String, holders: [String], grants: [IssuingPrivileges.Entry], longestLifetime: Int64? = nil) {
        self.name = name
        self.holders = holders
        self.grants = grants
        self.longestLifetime = longestLifetime
    }

    /// Policies of one authority.
    public static let mostPolicies = 64

    /// Whether somebody is among the holders.
    func applies(to holder: EntityID, at home: CSEIdentity, now: OneM2MTime) -> Bool {
        let asked = AccessRequest(home: home, originator: holder, operation: .create, time: now)
        // A role or a group is no holder: a token is given to one entity.
        return holders.contains { !$0.utf8.contains(UInt8(ascii: "@")) && asked.isMeant(by: $0) }
    }

    /// The policy of its JSON object, `{"nm", "hld", "ent", "mlt"}`.
    ///
    /// - Throws: ``OneM2MError`` 4000.
    public init(json: JSON) throws(OneM2MError) {
        guard let object = json.object, let name = object["nm"]?.string, !name.isEmpty, name.utf8.count <= 64,
            let list = object["ent"]?.array, list.count <= IssuingPrivileges.mostEntries,
            let people = object["hld"]?.array, people.count <= IssuingPrivileges.mostEntries,
            object.names.allSatisfy({ ["nm", "hld", "ent", "mlt"].contains($0) })
        else { throw OneM2MError(.badRequest, "an authorization policy is an object with nm, hld, ent and mlt") }
        self.name = name
        holders = try people.map { item throws(OneM2MError) in
            guard let text = item.string, !text.isEmpty, text.utf8.count <= EntityID.longestText else {
                throw OneM2MError(.badRequest, "hld: identifiers were expected")
            }
            return text
        }
        grants = try list.map { item throws(OneM2MError) in try IssuingPrivileges.Entry(json: item) }
        longestLifetime = nil
        if let value = object["mlt"] {
            guard let seconds = value.int, (1...IssuingPrivileges.mostLifetime).contains(Int64(seconds)) else {
                throw OneM2MError(.badRequest, "mlt: 1 to \(IssuingPrivileges.mostLifetime) seconds were expected")
            }
            longestLifetime = Int64(seconds)
        }
    }

    /// The JSON object.
    public var json: JSON {
        var object: JSONObject = [
            "nm": .string(name), "hld": .array(holders.map { .string($0) }), "ent": .array(grants.map(\.json)),
        ]
        object["mlt"] = longestLifetime.map { .int($0) }
        return .object(object)
    }
}
