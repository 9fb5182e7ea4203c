import CBOR

/// One item of a batch (`oic.if.b`): a resource and its representation.
public struct BatchItem: Sendable, Hashable {
    /// The resource; in an update "" means every resource of the collection.
    public var href: String
    /// Its representation: a map, or an array of links for a collection in a collection. An empty map in a notification
    /// of `/oic/res` says that the resource is gone.
    public var representation: CBOR.Value

    /// An item.
    public init(href: String, representation: CBOR.Value) {
        self.href = href
        self.representation = representation
    }

    /// The map `{href, rep}`.
    public var value: CBOR.Value {
        ["href": .text(href), "rep": representation]
    }

    /// The most items of a batch that is read: a collection of a node has some dozen resources, and a batch beyond ten
    /// times that is no command to a node.
    public static let maximumItems = 256

    /// Reads the array of a batch update.
    ///
    /// - Throws: ``ResourceError`` with 4.00 when it is no array of `{href, rep}` with maps in `rep`.
    public static func list(_ value: CBOR.Value) throws(ResourceError) -> [BatchItem] {
        guard let items = value.items, !items.isEmpty else {
            throw ResourceError(.badRequest, "a batch is a non-empty array of {href, rep}")
        }
        guard items.count <= maximumItems else {
            throw ResourceError(
                .badRequest, "a batch of \(items.count) items; at most \(maximumItems) are taken at once")
        }
        var batch: [BatchItem] = []
        batch.reserveCapacity(items.count)
        for item in items {
            guard let href = item["href"]?.string, let rep = item["rep"], rep.entries != nil else {
                throw ResourceError(.badRequest, "an item of a batch is a map with the text href and the map rep")
            }
            batch.append(BatchItem(href: href, representation: rep))
        }
        return batch
    }
}
