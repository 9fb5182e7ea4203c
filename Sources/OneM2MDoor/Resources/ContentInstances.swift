import JSONText
import OneM2MPrimitives

/// The content instances of a container, oldest first: packed, since there may be a hundred thousand of them.
///
/// An instance costs 80 bytes and its JSON.
struct ContentInstances: Sendable {
    /// One of them.
    struct Instance: Sendable {
        /// What its resource ID ends in; ascending.
        let number: UInt64
        let created: OneM2MTime
        let expiration: OneM2MTime
        /// The name that the creator gave it; nil for the usual one, made of the number.
        let name: String?
        let stateTag: UInt32
        /// The content's size in bytes.
        let size: UInt32
        /// Its attributes, a JSON object.
        let body: [UInt8]
        /// Made by the nodes: never on flash.
        let isOfNode: Bool

        /// What it costs in bytes, all attributes together.
        var weight: Int { body.count }

        var resourceName: String { name ?? "i\(String(number, radix: 36))" }
    }

    private static let gone = Instance(
        number: 0, created: .distantFuture, expiration: .distantFuture, name: nil, stateTag: 0, size: 0, body: [],
        isOfNode: true)

    private var items: [Instance] = []
    private var first = 0
    /// How many have names of their own.
    private var named = 0
    /// Bytes of their contents together.
    private(set) var bytes = 0
    /// Bytes of all their attributes together.
    private(set) var weight = 0

    var count: Int { items.count - first }
    var isEmpty: Bool { count == 0 }
    var all: ArraySlice<Instance> { items[first...] }
    var latest: Instance? { all.last }
    var oldest: Instance? { all.first }

    mutating func append(_ instance: Instance) {
        items.append(instance)
        bytes += Int(instance.size)
        weight += instance.weight
        if instance.name != nil { named += 1 }
    }

    @discardableResult
    mutating func removeOldest() -> Instance? {
        guard let gone = oldest else { return nil }
        // Its place stays for a while, its content does not.
        items[first] = Self.gone
        first += 1
        forget(gone)
        // The freed half is given back once it is worth the move.
        if first > 32, first * 2 > items.count {
            items.removeSubrange(0..<first)
            first = 0
        }
        return gone
    }

    /// Puts back what was the oldest, before or behind older ones that were put back meanwhile.
    mutating func giveBack(_ oldest: [Instance]) {
        items.replaceSubrange(0..<first, with: oldest)
        first = 0
        items.sort { $0.number < $1.number }
        for instance in oldest {
            bytes += Int(instance.size)
            weight += instance.weight
            if instance.name != nil { named += 1 }
        }
    }

    mutating func remove(number: UInt64) -> Instance? {
        guard let place = place(of: number) else { return nil }
        if place == first { return removeOldest() }
        let gone = items.remove(at: place)
        forget(gone)
        return gone
    }

    private mutating func forget(_ gone: Instance) {
        bytes -= Int(gone.size)
        weight -= gone.weight
        if gone.name != nil { named -= 1 }
    }

    func instance(number: UInt64) -> Instance? { place(of: number).map { items[$0] } }

    func instance(named name: String) -> Instance? {
        if name.utf8.first == UInt8(ascii: "i"), let number = UInt64(name.dropFirst(), radix: 36),
            let found = instance(number: number), found.resourceName == name
        {
            return found
        }
        guard named > 0 else { return nil }
        return all.last { $0.name == name }
    }

    private func place(of number: UInt64) -> Int? {
        var (low, high) = (first, items.count)
        while low < high {
            let middle = (low + high) / 2
            if items[middle].number < number { low = middle + 1 } else { high = middle }
        }
        return low < items.count && items[low].number == number ? low : nil
    }

    /// The attributes as bytes: JSON, which keeps numbers as they were written.
    static func pack(_ attributes: JSONObject) -> [UInt8] {
        Array(JSON.object(attributes).serialized().utf8)
    }

    /// The attributes of bytes.
    static func unpack(_ body: [UInt8]) -> JSONObject {
        (try? JSON.parse(body, limits: PrimitiveLimits.json))?.object ?? JSONObject()
    }
}

extension ContentInstances.Instance {
    /// All its attributes.
    func representation(container: String) -> JSONObject {
        representation(container: container, given: ContentInstances.unpack(body))
    }

    /// The same where what was packed is at hand.
    func representation(container: String, given: JSONObject) -> JSONObject {
        var all: JSONObject = [
            "rn": .string(resourceName), "ty": 4, "ri": .string("\(container)-\(String(number, radix: 36))"),
            "pi": .string(container), "ct": .string("\(created)"), "lt": .string("\(created)"),
            "et": .string("\(expiration)"), "st": .int(stateTag), "cs": .int(size),
        ]
        for member in given { all[member.name] = member.value }
        return all
    }
}
