import CBOR
import CoAPMessages

/// `oic.r.sdi`: the security domain the device belongs to.
public struct SecurityDomain: Sendable, Hashable {
    /// `uuid`; ``Identifier/none`` while there is none.
    public internal(set) var id: Identifier
    /// `name`.
    public internal(set) var name: String
    /// `priv`: whether `/oic/res` keeps silent about it.
    public internal(set) var isPrivate: Bool

    /// A domain; by default none, and private.
    public init(id: Identifier = .none, name: String = "", isPrivate: Bool = true) {
        self.id = id
        self.name = name
        self.isPrivate = isPrivate
    }

    /// The properties, the common ones aside.
    public var representation: CBOR.Map {
        ["uuid": .text(id.description), "name": .text(name), "priv": .boolean(isPrivate)]
    }

    /// Reads a RETRIEVE's answer.
    public init(representation value: CBOR.Value?) throws(ResourceError) {
        let update = try Update(value)
        guard let id = update.id else { throw ResourceError(.badRequest, "sdi.uuid is missing") }
        self.init(id: id, name: update.name, isPrivate: update.isPrivate)
    }

    /// An UPDATE; its definition wants `name` and `priv` each time.
    public struct Update: Sendable, Hashable {
        /// `uuid`.
        public var id: Identifier?
        /// `name`.
        public var name: String
        /// `priv`.
        public var isPrivate: Bool

        /// An update.
        public init(id: Identifier? = nil, name: String, isPrivate: Bool) {
            self.id = id
            self.name = name
            self.isPrivate = isPrivate
        }

        /// Reads a payload; 4.00 for wrong types and missing properties.
        public init(_ body: CBOR.Value?) throws(ResourceError) {
            let reader = try PropertyReader(body, of: "sdi")
            id = try reader.uuid("uuid")
            name = try reader.require("name", reader.text("name"))
            isPrivate = try reader.require("priv", reader.bool("priv"))
        }

        /// The payload.
        public var representation: CBOR.Map {
            var map: CBOR.Map = [:]
            if let id { map["uuid"] = .text(id.description) }
            map["name"] = .text(name)
            map["priv"] = .boolean(isPrivate)
            return map
        }
    }
}
