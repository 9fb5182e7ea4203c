/// The members of a JSON object in the order they were written, each name once.
///
/// Equality looks at the order too: two texts are equal when their members are and stand in the same order.
public struct JSONObject: Sendable, Hashable {
    /// One member.
    public struct Member: Sendable, Hashable {
        /// The member's name.
        public let name: String
        /// The member's value.
        public var value: JSON

        /// A member.
        public init(name: String, value: JSON) {
            self.name = name
            self.value = value
        }
    }

    /// The members in order.
    public private(set) var members: [Member]

    /// An empty object.
    public init() {
        members = []
    }

    /// An object of these pairs; of a name given twice the last value stays, in the first one's place.
    public init(_ pairs: some Sequence<(String, JSON)>) {
        members = []
        for (name, value) in pairs {
            self[name] = value
        }
    }

    /// Takes members whose names the caller has proved unique.
    init(uniqueMembers: [Member]) {
        members = uniqueMembers
    }

    /// How many members there are.
    public var count: Int { members.count }

    /// Whether there is no member.
    public var isEmpty: Bool { members.isEmpty }

    /// The names in order.
    public var names: [String] { members.map(\.name) }

    /// The member's value; setting appends a new name at the end, setting nil removes.
    ///
    /// A search from the front: the objects of control messages and advert lines have a dozen members.
    public subscript(name: String) -> JSON? {
        get {
            members.first { $0.name == name }?.value
        }
        set {
            switch (members.firstIndex { $0.name == name }, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append(Member(name: name, value: value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    /// An object of these pairs; of a name given twice the last value stays.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        self.init(elements)
    }
}

extension JSONObject: Sequence {
    /// The members in order.
    public func makeIterator() -> IndexingIterator<[Member]> {
        members.makeIterator()
    }
}
