import CBOR
import CoAPMessages

extension Credential {
    /// The entry as a RETRIEVE shows it: `privatedata` with its encoding and empty data.
    public var representation: CBOR.Value { value(showingSecrets: false) }

    /// The whole entry, for the body of an UPDATE and for the store.
    public var secretRepresentation: CBOR.Value { value(showingSecrets: true) }

    private func value(showingSecrets: Bool) -> CBOR.Value {
        var map: CBOR.Map = [:]
        if id > 0 { map["credid"] = .int(id) }
        map["subjectuuid"] = .text(subject.description)
        map["credtype"] = .int(type.rawValue)
        if let usage { map["credusage"] = .text(usage.rawValue) }
        if let publicData {
            var item: CBOR.Map = [:]
            if let data = publicData.data { item["data"] = data.value }
            if let encoding = publicData.encoding { item["encoding"] = .text(encoding.rawValue) }
            map["publicdata"] = .map(item)
        }
        if let privateData {
            var item: CBOR.Map = [
                "data": showingSecrets ? privateData.data.value : "", "encoding": .text(privateData.encoding.rawValue),
            ]
            if let handle = privateData.handle { item["handle"] = .int(handle) }
            map["privatedata"] = .map(item)
        }
        if let optionalData {
            var item: CBOR.Map = ["revstat": .boolean(optionalData.isRevoked)]
            if let data = optionalData.data { item["data"] = data.value }
            if let encoding = optionalData.encoding { item["encoding"] = .text(encoding.rawValue) }
            map["optionaldata"] = .map(item)
        }
        if let role { map["roleid"] = .map(role.representation) }
        if let period { map["period"] = .text(period) }
        if !refreshMethods.isEmpty { map["crms"] = .array(refreshMethods.map { .text($0.rawValue) }) }
        if let oscore {
            var item: CBOR.Map = [:]
            if let id = oscore.senderID { item["senderid"] = .text(id) }
            if let id = oscore.recipientID { item["recipientid"] = .text(id) }
            if let number = oscore.sequenceNumber { item["ssn"] = .int(number) }
            if let text = oscore.text { item["desc"] = .text(text) }
            map["oscore"] = .map(item)
        }
        return .map(map)
    }

    /// Reads an entry; 4.00 for what its definition does not allow.
    ///
    /// - Parameters:
    ///   - value: a map.
    ///   - name: where it stands, for messages.
    public init(_ value: CBOR.Value, named name: String = "cred") throws(ResourceError) {
        let reader = try PropertyReader(value, of: name)
        id = try reader.integer("credid", 0...SecurityLimits.largestID) ?? 0
        guard let subject = try reader.require("subjectuuid", reader.text("subjectuuid")).subject else {
            throw reader.fail("subjectuuid", "a UUID or *")
        }
        self.subject = subject
        type = CredentialTypes(rawValue: try reader.require("credtype", reader.integer("credtype", 0...511)))
        guard type.isSingle else { throw reader.fail("credtype", "one of 0, 1, 2, 4, 8, 16, 32, 64, 128, 256") }
        usage = try reader.choice("credusage", Usage.self)
        publicData = try reader.inner("publicdata").map { (item) throws(ResourceError) in
            PublicData(try item.data(), encoding: try item.choice("encoding", Encoding.self))
        }
        privateData = try reader.inner("privatedata").map { (item) throws(ResourceError) in
            PrivateData(
                try item.data() ?? .bytes([]),
                encoding: try item.require("encoding", item.choice("encoding", Encoding.self)),
                handle: try item.integer("handle", Int.min...Int.max))
        }
        optionalData = try reader.inner("optionaldata").map { (item) throws(ResourceError) in
            OptionalData(
                isRevoked: try item.require("revstat", item.bool("revstat")),
                data: try item.data(maximumLength: SecurityLimits.optionalDataLength),
                encoding: try item.choice("encoding", Encoding.self))
        }
        role = try reader.inner("roleid").map { (item) throws(ResourceError) in try Requester.Role(item) }
        period = try reader.text("period")
        var methods: [RefreshMethod] = []
        for item in try reader.array("crms", maximumCount: RefreshMethod.allCases.count) ?? [] {
            guard let method = item.string.flatMap(RefreshMethod.init(rawValue:)) else {
                throw reader.fail("crms", "names of refresh methods")
            }
            methods.append(method)
        }
        refreshMethods = methods
        oscore = try reader.inner("oscore").map { (item) throws(ResourceError) in
            OSCOREContext(
                senderID: try item.text("senderid"), recipientID: try item.text("recipientid"),
                sequenceNumber: try item.integer("ssn", 0...Int.max), text: try item.text("desc"))
        }
    }
}

extension Credential.Data {
    var value: CBOR.Value {
        switch self {
        case .text(let text): .text(text)
        case .bytes(let bytes): .bytes(bytes)
        }
    }
}

extension Requester.Role {
    /// `{role, authority}`.
    public var representation: CBOR.Map {
        var map: CBOR.Map = ["role": .text(name)]
        if let authority { map["authority"] = .text(authority) }
        return map
    }

    init(_ reader: PropertyReader) throws(ResourceError) {
        let name = try reader.require("role", reader.text("role"))
        guard !name.isEmpty else { throw reader.fail("role", "the name of a role") }
        self.init(name, authority: try reader.text("authority"))
    }
}

extension PropertyReader {
    func data(maximumLength: Int = SecurityLimits.dataLength) throws(ResourceError) -> Credential.Data? {
        switch map["data"] {
        case nil: nil
        case .text(let text)? where text.unicodeScalars.count <= maximumLength: .text(text)
        case .bytes(let bytes)? where bytes.count <= maximumLength: .bytes(bytes)
        default: throw fail("data", "text or a byte string of at most \(maximumLength)")
        }
    }
}

extension String {
    fileprivate var subject: Credential.Subject? { Credential.Subject(self) }
}
