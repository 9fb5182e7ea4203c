import CBOR
import CoAPMessages
import OCFModel
import TLS

/// A device in each onboarding state, brought there as an onboarding tool does it.
enum SecurityHouse {
    static let deviceID = id("42691fcb-3048-4e8b-50b2-340cf6c23bad")
    static let firstID = id("11111111-2222-3333-4444-555555555555")
    /// The onboarding tool: DOTS, CMS and AMS in one.
    static let tool = id("66dfb022-2b57-43e9-43b9-7a9859378998")
    /// A device of the same owner, which `TestCertificates.peer` names.
    static let peer = tool
    static let other = id("cdc07d9e-bb72-44f1-4429-92b30b023235")
    static let ownership = SessionID(rawValue: 1)
    static let session = SessionID(rawValue: 2)
    /// 2027-08-01T12:00:00Z.
    static let now: Int64 = 1_817_121_600

    static let presets = FactoryPresets(
        methods: [.manufacturerCertificate, .randomPIN], profiles: SecurityProfiles(supported: [.baseline, .black]))

    static func id(_ text: String) -> Identifier { Identifier(text) ?? .none }

    /// What came over plain CoAP.
    static let plain = SecurityContext(requester: .anonymous, now: now)
    /// What came through the ownership connection.
    static let owning = SecurityContext(
        requester: Requester(.anonymous, isEncrypted: true), session: ownership, secrets: secrets, now: now)

    /// What came from a device over an encrypted connection.
    static func from(
        _ device: Identifier, _ session: SessionID = session, roles: [Requester.Role] = [], certificate: Bool = false,
        now: Int64? = now
    ) -> SecurityContext {
        SecurityContext(
            requester: Requester(.device(device), roles: roles, isEncrypted: true), session: session,
            hasIdentityCertificate: certificate, now: now)
    }

    static let secrets = SessionSecrets(
        masterSecret: octets(
            "98273d6597847505f6b1b0d11156e6e44c0c66d6615ee2d9d27984849bdd04b55de89ccd2b5143cbf1459dc9122c46ec"),
        clientRandom: octets("6b013cc8f058fd89c928d8821aa56525b46dbfcb94e61dd3a975067d2f17478f"),
        serverRandom: octets("6b013cc84c372d6b2cdffa4f30a5f9d4d2bf3a71d6dbe2a0c74acad89c7dc3e6"), suite: 0xC0AE)

    static func octets(_ text: String) -> [UInt8] {
        let digits = Array(text)
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(String(digits[$0...$0 + 1]), radix: 16) ?? 0 }
    }

    static func fresh() -> SecurityState { SecurityState(deviceID: firstID, presets: presets) }

    /// With the method selected and the ownership connection open.
    static func transferring() throws -> SecurityState {
        var state = fresh()
        _ = try state.apply(OwnerTransferMethods.Update(selected: .manufacturerCertificate), plain)
        try state.openOwnershipConnection(ownership, isAllowed: true)
        return state
    }

    /// With everything written that RFPRO demands, still in RFOTM.
    static func claimed() throws -> SecurityState {
        var state = try transferring()
        _ = try state.apply(ProvisioningStatus.Update(operationalMode: .clientDirected), owning)
        _ = try state.apply(OwnerTransferMethods.Update(deviceOwner: tool), owning)
        _ = try state.apply(OwnerTransferMethods.Update(deviceID: deviceID), owning)
        _ = try state.apply(OwnerTransferMethods.Update(owner: tool), owning)
        _ = try state.apply(.update(AccessControlList.Update(owner: tool)), owning)
        _ = try state.apply(ProvisioningStatus.Update(owner: tool), owning)
        _ = try state.apply(
            .update(
                CredentialList.Update(
                    entries: [
                        Credential(
                            subject: .device(tool), type: .pairwiseKey,
                            privateData: Credential.PrivateData(.bytes([]), encoding: .raw))
                    ], owner: tool)), owning)
        _ = try state.apply(SecurityDomain.Update(id: other, name: "Home", isPrivate: true), owning)
        _ = try state.apply(OwnerTransferMethods.Update(isOwned: true), owning)
        return state
    }

    /// In a state, without an ownership connection but for RFOTM and RFPRO.
    static func device(in wanted: OnboardingState) throws -> SecurityState {
        var state: SecurityState
        switch wanted {
        case .rfotm: return try claimed()
        case .reset:
            state = try device(in: .rfnop)
            _ = state.beginReset()
        case .rfpro:
            state = try claimed()
            _ = try state.apply(ProvisioningStatus.Update(state: .rfpro), owning)
        case .rfnop, .sreset:
            state = try device(in: .rfpro)
            _ = try state.apply(ProvisioningStatus.Update(state: wanted), owning)
        }
        return state
    }

    /// Who may provision in a state.
    static func owner(in state: OnboardingState) -> SecurityContext {
        state == .rfotm || state == .rfpro ? owning : from(tool)
    }

    static func request(
        _ code: Code, _ resource: SecurityResource, query: [String] = [], _ body: CBOR.Value? = nil
    ) throws -> ResourceRequest {
        try ResourceRequest(.ocfRequest(code, path: resource.href, query: query, representation: body))
    }

    static let roleEntry = Credential(
        subject: .device(.none), type: .certificate, publicData: Credential.PublicData(.text(TestCertificates.role)),
        optionalData: Credential.OptionalData(
            isRevoked: false, data: .text(TestCertificates.root), encoding: .pem))
    static let anchor = Credential.certificate(pem: TestCertificates.root, .trustAnchor, subject: .anyone)
}
