import CBOR
import OCFModel

extension OwnershipTransfer {
    /// The request of a step; nil for those that make none.
    public func request(of step: TransferStep) -> DeviceRequest? {
        switch step {
        case .readMethods: .retrieve(.doxm)
        case .selectMethod: .update(.doxm, OwnerTransferMethods.Update(selected: method).representation)
        case .chooseMode:
            // The first request on the connection: the device holds it until its button is pressed.
            .update(.pstat, ProvisioningStatus.Update(operationalMode: .clientDirected).representation)
                .waiting(settings.patience)
        case .setDeviceOwner:
            .update(.doxm, OwnerTransferMethods.Update(deviceOwner: settings.owner).representation)
        case .setDeviceID: .update(.doxm, OwnerTransferMethods.Update(deviceID: settings.deviceID).representation)
        case .setMethodsOwner: .update(.doxm, OwnerTransferMethods.Update(owner: settings.host(.dots)).representation)
        case .setAccessOwner: .update(.acl2, AccessControlList.Update(owner: settings.host(.ams)).representation)
        case .setStatusOwner: .update(.pstat, ProvisioningStatus.Update(owner: settings.host(.dots)).representation)
        case .setOwnerKey: .update(.cred, ownerKey.representation)
        case .setServiceKeys: .update(.cred, serviceKeys.representation)
        case .setDomain: .update(.sdi, settings.domain.representation, isOptional: true)
        case .setOwned: .update(.doxm, OwnerTransferMethods.Update(isOwned: true).representation)
        case .provision: .enter(.rfpro)
        case .clearAccess: .delete(.acl2)
        case .grantAccess: .update(.acl2, AccessControlList.Update(entries: firstEntries).representation)
        case .operate: .enter(.rfnop)
        case .readState: .retrieve(.pstat)
        case .readPIN, .openConnection, .keepRecord, .keepOwned, .reconnect: nil
        }
    }

    /// An entry without a key: the device derives it, when its subject is the owner of cred. So that is the tool at first,
    /// even when the CMS is another device.
    private var ownerKey: CredentialList.Update {
        CredentialList.Update(
            entries: [
                Credential(
                    subject: .device(settings.owner), type: .pairwiseKey,
                    privateData: Credential.PrivateData(.bytes([]), encoding: .raw))
            ], owner: settings.owner)
    }

    private var serviceKeys: CredentialList.Update {
        CredentialList.Update(
            entries: settings.foreignHosts.map { .pairwiseKey($0.key, with: $0.id) }, owner: settings.host(.cms))
    }

    /// The entries that everything else needs: the owner sets the security profile and the
    /// domain's name, the CMS reads the request for an
    /// identity certificate, everybody may learn what the device is.
    var firstEntries: [AccessControlEntry] {
        var open = ["/oic/res", "/oic/d", "/oic/p"]
        if !settings.domain.isPrivate { open.append(SecurityResource.sdi.href) }
        return [
            AccessControlEntry(
                id: 0, subject: .device(settings.owner),
                resources: [.href(SecurityResource.sp.href), .href(SecurityResource.sdi.href)],
                permissions: [.read, .update, .delete]),
            AccessControlEntry(
                id: 0, subject: .device(settings.host(.cms)), resources: [.href(SecurityResource.csr.href)],
                permissions: .read),
            AccessControlEntry(
                id: 0, subject: .everybody, resources: open.map { .href($0) }, permissions: .read),
        ]
    }
}
