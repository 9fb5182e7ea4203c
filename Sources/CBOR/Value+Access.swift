extension Value {
    /// The integer as CBOR writes it: major type 0 or 1.
    public static func int(_ number: some BinaryInteger) -> Value {
        // -1 - n is ~n in two's complement.
        number >= 0 ? .unsigned(UInt64(clamping: number)) : .negative(UInt64(clamping: ~number))
    }

    /// The integer, when it is one and fits an `Int`.
    public var int: Int? {
        switch self {
        case .unsigned(let number): Int(exactly: number)
        case .negative(let number): Int(exactly: number).map { -1 - $0 }
        default: nil
        }
    }

    /// The number as a double: a float, or an integer (rounded when it has more than 53 bits).
    public var number: Double? {
        switch self {
        case .double(let double): double
        case .unsigned(let number): Double(number)
        case .negative(let number): -1 - Double(number)
        default: nil
        }
    }

    /// The text, when it is text.
    public var string: String? {
        if case .text(let text) = self { text } else { nil }
    }

    /// The byte string, when it is one.
    public var byteString: [UInt8]? {
        if case .bytes(let bytes) = self { bytes } else { nil }
    }

    /// The truth value, when it is one.
    public var bool: Bool? {
        if case .boolean(let flag) = self { flag } else { nil }
    }

    /// The items, when it is an array.
    public var items: [Value]? {
        if case .array(let items) = self { items } else { nil }
    }

    /// The entries, when it is a map.
    public var entries: Map? {
        if case .map(let map) = self { map } else { nil }
    }

    /// Whether it is `null`.
    public var isNull: Bool { self == .null }

    /// The item under any number of tags.
    public var untagged: Value {
        var value = self
        while case .tagged(_, let inner) = value { value = inner }
        return value
    }

    /// The value at a text key of a map; nil when there is none, or this is no map. Assigning to what is no map does
    /// nothing.
    public subscript(_ key: String) -> Value? {
        get { entries?[key] }
        set {
            guard case .map(var map) = self else { return }
            map[key] = newValue
            self = .map(map)
        }
    }

    /// The item at a place of an array; nil when there is none, or this is no array.
    public subscript(_ index: Int) -> Value? {
        guard let items, items.indices.contains(index) else { return nil }
        return items[index]
    }
}

extension Value: ExpressibleByIntegerLiteral {
    /// `3`, `-1`
    public init(integerLiteral value: Int) {
        self = .int(value)
    }
}

extension Value: ExpressibleByFloatLiteral {
    /// `1.5`
    public init(floatLiteral value: Double) {
        self = .double(value)
    }
}

extension Value: ExpressibleByBooleanLiteral {
    /// `true`
    public init(booleanLiteral value: Bool) {
        self = .boolean(value)
    }
}

extension Value: ExpressibleByStringLiteral, ExpressibleByStringInterpolation {
    /// `"text"`
    public init(stringLiteral value: String) {
        self = .text(value)
    }
}

extension Value: ExpressibleByArrayLiteral {
    /// `[1, "two"]`
    public init(arrayLiteral elements: Value...) {
        self = .array(elements)
    }
}

extension Value: ExpressibleByDictionaryLiteral {
    /// `["href": "/a"]`; of several values at one key the last wins.
    public init(dictionaryLiteral elements: (Value, Value)...) {
        self = .map(Map(elements.map { (key: $0.0, value: $0.1) }))
    }
}
