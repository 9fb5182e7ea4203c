import CBOR
import CoAPMessages
import OCFModel

/// What libFuzzer calls: requests for the security resources, in every onboarding state, with bodies of anything and bodies
/// of the right words in the wrong places. Nothing may trap; a refused request changes nothing; what is taken can be stored
/// and comes back the same; and nothing that is read holds a private key.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    var script = Script(Array(UnsafeBufferPointer(start: start, count: count)))
    guard let (device, context) = device(Int(script.next())) else { preconditionFailure("no device came about") }
    var state = device
    for _ in 0..<8 where !script.isAtEnd {
        let resource = SecurityResource.allCases[Int(script.next()) % SecurityResource.allCases.count]
        let isRaw = script.next().isMultiple(of: 4)
        let body = isRaw ? try? decode(script.rest()) : script.value(5)
        let method: Code = [.post, .post, .post, .delete, .get, .put][Int(script.next()) % 6]
        let query = method == .post ? [] : [script.word() + "=" + script.word()]
        let message = Message.ocfRequest(method, path: resource.href, query: query, representation: body ?? nil)
        guard let request = try? ResourceRequest(message) else { continue }
        let before = state
        do {
            let answer = try state.serve(request, on: resource, context)
            if let representation = answer.representation { check(representation) }
        } catch {
            precondition(state == before, "a refused request has changed something")
        }
        if case .reset = state.state { _ = state.finishReset(deviceID: ids[0], presets: presets) }
        checkStorage(state)
    }
    return 0
}

private let presets = FactoryPresets(
    methods: [.manufacturerCertificate, .randomPIN], profiles: SecurityProfiles(supported: [.baseline, .black]))
private let ids = ["42691fcb-3048-4e8b-50b2-340cf6c23bad", "66dfb022-2b57-43e9-43b9-7a9859378998"].compactMap {
    Identifier($0)
}
/// 2027-08-01T12:00:00Z.
private let now: Int64 = 1_817_121_600

/// A device in one of the states, and who provisions it there.
private func device(_ number: Int) -> (SecurityState, SecurityContext)? {
    var state = SecurityState(deviceID: ids[0], presets: presets)
    let plain = SecurityContext(requester: .anonymous, now: now)
    let owning = SecurityContext(
        requester: Requester(.anonymous, isEncrypted: true), session: SessionID(rawValue: 1),
        secrets: SessionSecrets(
            masterSecret: [UInt8](0..<48), clientRandom: [UInt8](0..<32), serverRandom: [UInt8](0..<32), suite: 0xC0AE),
        now: now)
    let tool = SecurityContext(
        requester: Requester(.device(ids[1]), isEncrypted: true), session: SessionID(rawValue: 2),
        hasIdentityCertificate: true, now: now)
    if number % 5 == 0 { return (state, plain) }
    do {
        _ = try state.apply(OwnerTransferMethods.Update(selected: .manufacturerCertificate), plain)
        try state.openOwnershipConnection(SessionID(rawValue: 1), isAllowed: true)
        if number % 5 == 1 { return (state, owning) }
        _ = try state.apply(OwnerTransferMethods.Update(deviceOwner: ids[1]), owning)
        _ = try state.apply(OwnerTransferMethods.Update(owner: ids[1]), owning)
        _ = try state.apply(.update(AccessControlList.Update(owner: ids[1])), owning)
        _ = try state.apply(ProvisioningStatus.Update(owner: ids[1]), owning)
        let key = Credential(
            subject: .device(ids[1]), type: .pairwiseKey,
            privateData: Credential.PrivateData(.bytes([]), encoding: .raw))
        _ = try state.apply(.update(CredentialList.Update(entries: [key], owner: ids[1])), owning)
        _ = try state.apply(OwnerTransferMethods.Update(isOwned: true), owning)
        _ = try state.apply(ProvisioningStatus.Update(state: .rfpro), owning)
        if number % 5 == 2 { return (state, owning) }
        _ = try state.apply(ProvisioningStatus.Update(state: number % 5 == 3 ? .rfnop : .sreset), owning)
        return (state, tool)
    } catch {
        return nil
    }
}

/// What is read of `privatedata` says that there is some, and no more: its data is empty.
private func check(_ value: Value) {
    switch value {
    case .array(let items): for item in items { check(item) }
    case .map(let map):
        let data = map["privatedata"]?["data"]
        precondition(data == nil || data == "" || data == .bytes([]), "a private key can be read: \(value)")
        for key in map.keys { if let item = map[key] { check(item) } }
    default: break
    }
}

private func checkStorage(_ state: SecurityState) {
    let bytes = encode(state.stored)
    guard let value = try? decode(bytes), let again = try? SecurityState(stored: value, presets: presets) else {
        preconditionFailure("what is stored cannot be read")
    }
    // Of an owner transfer nothing is kept.
    precondition(state.state == .rfotm || encode(again.stored) == bytes, "what is stored comes back otherwise")
}

/// The input, read from the front.
private struct Script {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) { self.bytes = bytes[...] }

    var isAtEnd: Bool { bytes.isEmpty }

    mutating func next() -> UInt8 { bytes.popFirst() ?? 0 }

    /// Bytes of a length that stands before them.
    mutating func rest() -> [UInt8] {
        let length = Int(next()) << 4
        defer { bytes = bytes.dropFirst(length) }
        return Array(bytes.prefix(length))
    }

    private static let names = [
        "creds", "credid", "subjectuuid", "credtype", "credusage", "publicdata", "privatedata", "optionaldata",
        "roleid",
        "period", "crms", "encoding", "data", "revstat", "role", "authority", "rowneruuid", "aclist2", "aceid",
        "subject",
        "resources", "permission", "validity", "recurrence", "uuid", "conntype", "href", "wc", "rt", "if", "dos", "s",
        "p",
        "isop", "cm", "tm", "om", "sm", "oxms", "oxmsel", "sct", "owned", "deviceuuid", "devowneruuid",
        "supportedprofiles", "currentprofile", "roles", "name", "priv", "csr",
    ]
    private static let words = [
        "oic.sec.encoding.pem", "oic.sec.encoding.raw", "oic.sec.encoding.base64", "oic.sec.encoding.der",
        "oic.sec.cred.cert", "oic.sec.cred.trustca", "oic.sec.cred.rolecert", "oic.sec.cred.mfgcert",
        "oic.sec.cred.mfgtrustca", "66dfb022-2b57-43e9-43b9-7a9859378998", "42691fcb-3048-4e8b-50b2-340cf6c23bad",
        "00000000-0000-0000-0000-000000000000", "*", "anon-clear", "auth-crypt", "/oic/d", "/light", "+", "-",
        "20270801T120000Z/20280801T120000Z", "FREQ=DAILY;UNTIL=20280801T120000Z", "FREQ=WEEKLY;BYDAY=MO,TU",
        "1.3.6.1.4.1.51414.0.0.1.0", "1.3.6.1.4.1.51414.0.0.2.0", "oic.role.owner", "TRUE", "",
        "-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n",
    ]

    mutating func word() -> String {
        let number = Int(next())
        if number.isMultiple(of: 16) { return String(decoding: rest(), as: UTF8.self) }
        return number.isMultiple(of: 2)
            ? Self.words[number / 2 % Self.words.count] : Self.names[number / 2 % Self.names.count]
    }

    /// A value of the words that bodies are made of.
    mutating func value(_ depth: Int) -> Value {
        switch next() % (depth > 0 ? 12 : 8) {
        case 0: return .int(Int(Int8(bitPattern: next())))
        case 1: return .int(1 << Int(next() % 62))
        case 2: return .boolean(next().isMultiple(of: 2))
        case 3...5: return .text(word())
        case 6: return .bytes(rest())
        case 7: return [.null, .undefined, .double(.nan), .tagged(24, "x")][Int(next() % 4)]
        case 8...9: return .array((0..<next() % 5).map { _ in value(depth - 1) })
        default:
            var map = Map()
            for _ in 0..<next() % 7 {
                let name = Self.names[Int(next()) % Self.names.count]
                map[.text(name)] = value(depth - 1)
            }
            return .map(map)
        }
    }
}
