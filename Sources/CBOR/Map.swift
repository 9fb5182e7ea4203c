/// A CBOR map: keys of any type, each once, in the order they were put in.
///
/// Equality and hash ignore the order. Look-up is a walk, since the maps of OCF have a dozen keys; the decoder finds
/// duplicates by hash, so that a hostile map of many keys costs no square.
public struct Map: Sendable {
    /// One entry.
    public typealias Element = (key: Value, value: Value)

    private var entries: [Element]

    /// An empty map.
    public init() {
        entries = []
    }

    /// A map of these entries; of several with one key the last wins, at the place of the first.
    public init(_ entries: some Sequence<Element>) {
        self.init()
        var places: [Value: Int] = [:]
        for (key, value) in entries {
            if let place = places[key] {
                self.entries[place].value = value
            } else {
                places[key] = self.entries.count
                self.entries.append((key, value))
            }
        }
    }

    /// A map of entries that the caller has checked to have different keys.
    init(unchecked entries: [Element]) {
        self.entries = entries
    }

    /// The value at a key; assigning nil removes the entry.
    public subscript(_ key: Value) -> Value? {
        get { entries.first { $0.key == key }?.value }
        set {
            let place = entries.firstIndex { $0.key == key }
            switch (place, newValue) {
            case (let place?, let value?): entries[place].value = value
            case (let place?, nil): entries.remove(at: place)
            case (nil, let value?): entries.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// The value at a text key; assigning nil removes the entry.
    public subscript(_ key: String) -> Value? {
        get { self[.text(key)] }
        set { self[.text(key)] = newValue }
    }

    /// The keys in order.
    public var keys: [Value] { entries.map(\.key) }
}

extension Map: RandomAccessCollection {
    /// 0.
    public var startIndex: Int { 0 }
    /// The number of entries.
    public var endIndex: Int { entries.count }
    /// The entry at a place.
    public subscript(position: Int) -> Element { entries[position] }
}

extension Map: Hashable {
    /// Same keys with same values, whatever the order.
    public static func == (left: Map, right: Map) -> Bool {
        guard left.count == right.count else { return false }
        if zip(left.entries, right.entries).allSatisfy({ $0.key == $1.key && $0.value == $1.value }) { return true }
        let index = Dictionary(right.entries.map { ($0.key, $0.value) }, uniquingKeysWith: { first, _ in first })
        return left.entries.allSatisfy { index[$0.key] == $0.value }
    }

    /// A sum over the entries, which does not depend on their order.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for (key, value) in entries {
            var one = Hasher()
            one.combine(key)
            one.combine(value)
            sum = sum &+ one.finalize()
        }
        hasher.combine(entries.count)
        hasher.combine(sum)
    }
}

extension Map: ExpressibleByDictionaryLiteral {
    /// `["href": "/a", "bm": 3]`
    public init(dictionaryLiteral elements: (Value, Value)...) {
        self.init(elements.map { (key: $0.0, value: $0.1) })
    }
}
