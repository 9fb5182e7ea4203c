import CBOR
import JSONText
import OneLoop
import OneM2MPrimitives

/// A resource as flash keeps it: a CBOR array of version, type, parent's ID, name, root name, creator, created, modified,
/// expiration, state tag and attributes; those as JSON, which keeps numbers as they were written. A
/// subscription that lives for so many notifications has those that are left behind them.
struct ResourceRecord: Sendable, Hashable {
    static let version = 1

    var id: String
    var type: ResourceType
    var parentID: String
    var name: String
    var rootName: String
    var creator: String
    var created: OneM2MTime
    var modified: OneM2MTime
    var expiration: OneM2MTime
    var stateTag: Int
    var attributes: JSONObject
    /// Notifications that a subscription with `exc` still lives for; nil for one without.
    var remaining: Int?

    @Loop
    init(_ resource: Resource, parentID: String) {
        id = resource.id
        type = resource.type
        self.parentID = parentID
        name = resource.name
        rootName = resource.rootName
        creator = resource.creator
        created = resource.created
        modified = resource.modified
        expiration = resource.expiration
        stateTag = resource.stateTag
        attributes = resource.attributes
        if case .subscription(let state) = resource.detail { remaining = state.remaining }
    }

    /// The record of bytes; nil when they are none that this version knows.
    init?(id: String, _ bytes: [UInt8]) {
        guard let items = (try? CBOR.decode(bytes))?.items, (11...12).contains(items.count),
            items[0].int == Self.version,
            let type = items[1].int, let parent = items[2].string, let name = items[3].string,
            let root = items[4].string, let creator = items[5].string, let created = items[6].int,
            let modified = items[7].int, let expiration = items[8].int, let stateTag = items[9].int,
            let text = items[10].byteString,
            let attributes = (try? JSON.parse(text, limits: PrimitiveLimits.json))?.object
        else { return nil }
        self.id = id
        self.type = ResourceType(rawValue: type)
        parentID = parent
        self.name = name
        rootName = root
        self.creator = creator
        self.created = OneM2MTime(microseconds: Int64(created))
        self.modified = OneM2MTime(microseconds: Int64(modified))
        self.expiration = OneM2MTime(microseconds: Int64(expiration))
        self.stateTag = stateTag
        self.attributes = attributes
        remaining = items.count == 12 ? items[11].int : nil
    }

    var bytes: [UInt8] {
        var items: [CBOR.Value] = [
            .int(Self.version), .int(type.rawValue), .text(parentID), .text(name), .text(rootName), .text(creator),
            .int(created.microseconds), .int(modified.microseconds), .int(expiration.microseconds),
            .int(stateTag), .bytes(ContentInstances.pack(attributes)),
        ]
        if let remaining { items.append(.int(remaining)) }
        return CBOR.encode(.array(items), .asWritten)
    }

    /// The resource again.
    @Loop
    var resource: Resource {
        let resource = Resource(
            id: id, type: type, name: name, rootName: rootName, keeper: .requests, creator: creator, created: created,
            expiration: expiration, attributes: attributes)
        resource.modified = modified
        resource.stateTag = stateTag
        return resource
    }
}

extension ContentInstances.Instance {
    /// As flash keeps it: created, expiration, state tag, size, name, attributes.
    var record: [UInt8] {
        CBOR.encode(
            .array([
                .int(created.microseconds), .int(expiration.microseconds), .int(stateTag), .int(size),
                name.map { .text($0) } ?? .null, .bytes(body),
            ]), .asWritten)
    }

    /// The instance of bytes; nil when they are none.
    init?(number: UInt64, record: [UInt8]) {
        guard let items = (try? CBOR.decode(record))?.items, items.count == 6, let created = items[0].int,
            let expiration = items[1].int, let stateTag = items[2].int, let size = items[3].int,
            let body = items[5].byteString
        else { return nil }
        self.init(
            number: number, created: OneM2MTime(microseconds: Int64(created)),
            expiration: OneM2MTime(microseconds: Int64(expiration)), name: items[4].string,
            stateTag: UInt32(clamping: stateTag), size: UInt32(clamping: size), body: body, isOfNode: false)
    }
}
