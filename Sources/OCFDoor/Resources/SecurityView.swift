import CBOR
import CoAPMessages
import OCFModel
import OneLoop

/// A security resource among the device's others: what its link says, and where it is reached. What it holds is
/// ``DeviceSecurity``'s.
struct SecurityView: DeviceResource {
    unowned let security: DeviceSecurity
    let resource: SecurityResource

    var href: String { resource.href }
    var resourceTypes: [String] { [resource.resourceType] }
    var interfaces: [Interface] { resource.interfaces }
    var policy: Link.Policy { resource.isObservable ? [.discoverable, .observable] : .discoverable }
    var instance: Int? {
        SecurityResource.allCases.firstIndex(of: resource).map { CoreInstance.firstOfSecurity + $0 }
    }

    /// Only while a new owner is looked for, and has no connection yet.
    var isReachableInClear: Bool {
        resource.hasPlainEndpointWhileUnowned && security.state.state == .rfotm
            && security.state.ownershipConnection == nil
    }

    func properties() throws(ResourceError) -> CBOR.Map { try security.publicRepresentation(of: resource) }
}
