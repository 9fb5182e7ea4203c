import CoAPMessages
import OCFModel
import Testing

@Suite struct AccessTests {
    static let cloud = Identifier.random()
    static let owner = Identifier.random()

    static let list = AccessControlList([
        AccessControlEntry(
            id: 1, subject: .everybody, resources: [.href("/oic/res"), .href("/oic/d")], permissions: .read),
        AccessControlEntry(
            id: 2, subject: .device(cloud), resources: [.allApplication], permissions: [.read, .update]),
        AccessControlEntry(
            id: 3, subject: .role(Requester.Role("admin")), resources: [.href("/oic/mnt")], permissions: .update),
        AccessControlEntry(
            id: 4, subject: .role(Requester.Role("admin", authority: "acme")), resources: [.href("/oic/con")],
            permissions: .update),
        AccessControlEntry(id: 5, subject: .encrypted, resources: [.discoverablePlain], permissions: .read),
        AccessControlEntry(id: 6, subject: .encrypted, resources: [.href("/note")], permissions: .notify),
        AccessControlEntry(id: 7, subject: .device(owner), resources: [.discoverableEncrypted], permissions: .delete),
    ])

    static let light = AccessFacts(href: "/light", configuresDevice: false)
    static let hidden = AccessFacts(href: "/hidden", configuresDevice: false, isDiscoverable: false)
    static let plain = AccessFacts(href: "/plain", configuresDevice: false, hasPlainEndpoint: true)
    static let res = AccessFacts(href: "/oic/res", configuresDevice: true)
    static let mnt = AccessFacts(href: "/oic/mnt", configuresDevice: true)
    static let con = AccessFacts(href: "/oic/con", configuresDevice: true)
    static let note = AccessFacts(href: "/note", configuresDevice: true)

    static func device(_ id: Identifier, _ roles: [Requester.Role] = [], encrypted: Bool = true) -> Requester {
        Requester(.device(id), roles: roles, isEncrypted: encrypted)
    }

    static let rows: [(Requester, AccessFacts, ResourceRequest.Operation, Bool)] = [
        (.anonymous, res, .retrieve, true),
        (.anonymous, res, .update, false),
        (.anonymous, light, .retrieve, false),
        (.cloud(cloud), res, .retrieve, true),
        (.cloud(cloud), light, .retrieve, true),
        (.cloud(cloud), light, .update, true),
        (.cloud(cloud), light, .create, true),
        (.cloud(cloud), light, .delete, false),
        (.cloud(cloud), hidden, .update, true),
        (.cloud(cloud), mnt, .retrieve, false),
        (.cloud(cloud), mnt, .update, false),
        (.cloud(owner), light, .update, false),
        (device(cloud, encrypted: false), light, .retrieve, false),
        (device(owner, [Requester.Role("admin")]), mnt, .update, true),
        (device(owner, [Requester.Role("admin", authority: "x")]), mnt, .update, true),
        (device(owner, [Requester.Role("admin")], encrypted: false), mnt, .update, false),
        (device(owner, [Requester.Role("admin", authority: "x")]), con, .update, false),
        (device(owner, [Requester.Role("admin", authority: "acme")]), con, .update, true),
        (device(owner), plain, .retrieve, true),
        (device(owner), light, .retrieve, false),
        (device(owner), light, .delete, true),
        (device(owner), plain, .delete, false),
        (device(owner), hidden, .delete, false),
        (device(owner), note, .retrieve, true),
        (device(owner), note, .update, false),
    ]

    @Test("who may do what", arguments: rows.indices)
    func row(_ index: Int) {
        let (requester, facts, operation, isPermitted) = Self.rows[index]
        #expect(Self.list.permits(operation, by: requester, on: facts) == isPermitted)
        #expect(!AccessControlList().permits(operation, by: requester, on: facts))
    }
}
