import CBOR
import CoAPMessages

/// The state in the store: one value, written whole. It holds keys: store it for the daemon's user alone.
extension SecurityState {
    /// The form of the value.
    private static let version = 1

    /// Everything that outlives a restart. Connections and the roles asserted on them do not.
    public var stored: CBOR.Value {
        [
            "v": .int(Self.version), "doxm": .map(doxm.representation), "pstat": .map(pstat.representation),
            "cred": .map(cred.secretRepresentation), "acl2": .map(acl2.representation()),
            "sp": .map(sp.representation), "sdi": .map(sdi.representation),
            "next": [.int(counters.credential), .int(counters.accessControlEntry)],
        ]
    }

    /// Reads what the store kept.
    ///
    /// What the device offers (methods, credential types, modes, profiles) comes from the presets, since a newer version or
    /// configuration may offer something else. When ``state`` is RESET, a reset was cut off:
    /// ``finishReset(deviceID:presets:)`` is due.
    ///
    /// - Throws: ``ResourceError`` naming what is wrong; the device then is in no state to serve anybody.
    public init(stored value: CBOR.Value, presets: FactoryPresets) throws(ResourceError) {
        guard value["v"]?.int == Self.version else {
            throw ResourceError(.internalServerError, "the stored security state has an unknown form")
        }
        doxm = try OwnerTransferMethods(representation: value["doxm"])
        pstat = try ProvisioningStatus(representation: value["pstat"])
        cred = try CredentialList(representation: value["cred"])
        acl2 = try AccessControlList(representation: value["acl2"])
        sp = try SecurityProfiles(representation: value["sp"])
        sdi = try SecurityDomain(representation: value["sdi"])
        counters = SecurityCounters(
            credential: value["next"]?[0]?.int ?? 1, accessControlEntry: value["next"]?[1]?.int ?? 1)
        availableProfiles = presets.profiles.supported
        doxm.supported = presets.methods
        doxm.credentialTypes = presets.credentialTypes
        pstat.supportedModes = presets.supportedModes
        if state == .rfotm {
            // No transfer outlives a restart.
            doxm.selected = .unselected
        }
    }

    /// Whether the store would keep the same of both.
    func isStored(as other: SecurityState) -> Bool {
        doxm == other.doxm && pstat == other.pstat && cred == other.cred && acl2 == other.acl2 && sp == other.sp
            && sdi == other.sdi && counters == other.counters
    }
}
