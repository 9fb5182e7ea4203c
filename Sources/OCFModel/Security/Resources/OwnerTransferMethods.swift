import CBOR
import CoAPMessages

/// `oic.r.doxm`: who owns the device, and by which methods ownership is transferred.
public struct OwnerTransferMethods: Sendable, Hashable {
    /// `oxms`: what the device offers.
    public internal(set) var supported: [OwnerTransferMethod]
    /// `oxmsel`: what the would-be owner has chosen.
    public internal(set) var selected: OwnerTransferMethod
    /// `sct`: the types of credentials the device can hold.
    public internal(set) var credentialTypes: CredentialTypes
    /// `owned`.
    public internal(set) var isOwned: Bool
    /// `deviceuuid`: the device's identity, `di` of `/oic/d`.
    public internal(set) var deviceID: Identifier
    /// `devowneruuid`.
    public internal(set) var deviceOwner: Identifier
    /// `rowneruuid`: the service that owns this resource, by CR the DOTS.
    public internal(set) var owner: Identifier

    /// A device that nobody owns.
    public init(supported: [OwnerTransferMethod], credentialTypes: CredentialTypes, deviceID: Identifier) {
        self.supported = supported
        selected = .unselected
        self.credentialTypes = credentialTypes
        isOwned = false
        self.deviceID = deviceID
        deviceOwner = .none
        owner = .none
    }

    /// The properties, the common ones aside.
    public var representation: CBOR.Map {
        [
            "oxms": .array(supported.map { .int($0.rawValue) }), "oxmsel": .int(selected.rawValue),
            "sct": .int(credentialTypes.rawValue), "owned": .boolean(isOwned),
            "deviceuuid": .text(deviceID.description), "devowneruuid": .text(deviceOwner.description),
            "rowneruuid": .text(owner.description),
        ]
    }

    /// Reads a RETRIEVE's answer.
    public init(representation value: CBOR.Value?) throws(ResourceError) {
        let reader = try PropertyReader(value, of: "doxm")
        supported = []
        // Four methods are standard; vendors have a few more.
        for item in try reader.require("oxms", reader.array("oxms", maximumCount: 32)) {
            guard let number = item.wholeNumber, let method = OwnerTransferMethod(rawValue: number) else {
                throw reader.fail("oxms", "the numbers of owner transfer methods")
            }
            supported.append(method)
        }
        selected = try reader.require("oxmsel", Update.method(reader))
        credentialTypes = CredentialTypes(rawValue: try reader.require("sct", reader.integer("sct", 0...511)))
        isOwned = try reader.require("owned", reader.bool("owned"))
        deviceID = try reader.require("deviceuuid", reader.uuid("deviceuuid"))
        deviceOwner = try reader.require("devowneruuid", reader.uuid("devowneruuid"))
        owner = try reader.require("rowneruuid", reader.uuid("rowneruuid"))
    }

    /// An UPDATE, each property of its type.
    public struct Update: Sendable, Hashable {
        /// `oxmsel`.
        public var selected: OwnerTransferMethod?
        /// `owned`.
        public var isOwned: Bool?
        /// `deviceuuid`.
        public var deviceID: Identifier?
        /// `devowneruuid`.
        public var deviceOwner: Identifier?
        /// `rowneruuid`.
        public var owner: Identifier?

        /// An update.
        public init(
            selected: OwnerTransferMethod? = nil, isOwned: Bool? = nil, deviceID: Identifier? = nil,
            deviceOwner: Identifier? = nil, owner: Identifier? = nil
        ) {
            self.selected = selected
            self.isOwned = isOwned
            self.deviceID = deviceID
            self.deviceOwner = deviceOwner
            self.owner = owner
        }

        /// Reads a payload; 4.00 for read-only properties and wrong types.
        public init(_ body: CBOR.Value?) throws(ResourceError) {
            let reader = try PropertyReader(body, of: "doxm")
            try reader.refuse("oxms", "sct")
            try reader.requireAny("oxmsel", "owned", "deviceuuid", "devowneruuid", "rowneruuid")
            selected = try Self.method(reader)
            isOwned = try reader.bool("owned")
            deviceID = try reader.uuid("deviceuuid")
            deviceOwner = try reader.uuid("devowneruuid")
            owner = try reader.uuid("rowneruuid")
        }

        /// The payload.
        public var representation: CBOR.Map {
            var map: CBOR.Map = [:]
            if let selected { map["oxmsel"] = .int(selected.rawValue) }
            if let isOwned { map["owned"] = .boolean(isOwned) }
            if let deviceID { map["deviceuuid"] = .text(deviceID.description) }
            if let deviceOwner { map["devowneruuid"] = .text(deviceOwner.description) }
            if let owner { map["rowneruuid"] = .text(owner.description) }
            return map
        }

        static func method(_ reader: PropertyReader) throws(ResourceError) -> OwnerTransferMethod? {
            try reader.integer("oxmsel", OwnerTransferMethod.numbers).flatMap(OwnerTransferMethod.init(rawValue:))
        }
    }
}
