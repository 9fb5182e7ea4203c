import Access
import Concentrator

/// What one who asks may see and do of nodes.
struct View {
    /// Whose: the bare address.
    let who: String
    let read: AccessGrant?
    let control: AccessGrant?
    let administer: AccessGrant?

    func shows(_ id: NodeID) -> Bool { reads(id) || controls(id) || administers(id) }
    func reads(_ id: NodeID) -> Bool { read?.allows(who, to: .read(.all), NodeReference(id)) == true }
    func controls(_ id: NodeID) -> Bool { control?.allows(who, to: .control, NodeReference(id)) == true }
    func administers(_ id: NodeID) -> Bool { administer?.allows(who, to: .administer, NodeReference(id)) == true }
}
