/// The options of a message, in the order of their numbers.
///
/// They are held as they stand on the wire (RFC 7252 §3.1): a message costs one allocation for all its options, encoding
/// them is one copy, and two lists are equal exactly when their bytes are. Both framings share the form.
public struct Options: Sendable, Hashable {
    /// The longest value the format can say: 269 + 65,535 bytes.
    public static let maximumValueLength = 65_804

    /// The encoded options, without payload marker.
    var storage: [UInt8] = []

    /// How many there are.
    public private(set) var count = 0

    /// The number of the last one, from which an appended one counts its delta.
    private var last: UInt16 = 0

    /// No options.
    public init() {}

    init(storage: [UInt8], count: Int, last: UInt16) {
        self.storage = storage
        self.count = count
        self.last = last
    }

    /// Makes room for options of so many bytes.
    mutating func reserve(_ bytes: Int) {
        storage.reserveCapacity(bytes)
    }

    /// Whether there are none.
    public var isEmpty: Bool { count == 0 }

    /// The bytes they take on the wire.
    public var encodedLength: Int { storage.count }

    /// Two lists are equal when they hold the same options in the same order.
    public static func == (left: Options, right: Options) -> Bool {
        left.storage == right.storage
    }

    /// Hashes what `==` compares.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(storage)
    }

    /// Adds an option behind those of the same and of lower numbers.
    ///
    /// - Returns: false, with nothing added, when the value is longer than ``maximumValueLength``.
    @discardableResult
    public mutating func add(_ number: OptionNumber, _ value: some Collection<UInt8>) -> Bool {
        guard value.count <= Options.maximumValueLength else { return false }
        if count == 0 || number.rawValue >= last {
            storage.appendOption(delta: number.rawValue - last, value: value)
            last = number.rawValue
        } else {
            insert(number, value)
        }
        count += 1
        return true
    }

    /// Puts an option before the first of a higher number, and writes that one's delta anew.
    private mutating func insert(_ number: OptionNumber, _ value: some Collection<UInt8>) {
        var previous: UInt16 = 0
        for element in self {
            if element.number > number {
                var replacement: [UInt8] = []
                replacement.appendOption(delta: number.rawValue - previous, value: value)
                replacement.appendOptionHeader(
                    delta: element.number.rawValue - number.rawValue, length: element.value.count)
                storage.replaceSubrange(element.start..<element.value.startIndex, with: replacement)
                return
            }
            previous = element.number.rawValue
        }
    }

    /// Removes every option for which `condition` holds.
    public mutating func removeAll(where condition: (OptionNumber) -> Bool) {
        guard contains(where: condition) else { return }
        var kept = Options()
        kept.storage.reserveCapacity(storage.count)
        for element in self where !condition(element.number) {
            kept.add(element.number, element.value)
        }
        self = kept
    }

    /// Removes every option of that number.
    public mutating func remove(_ number: OptionNumber) {
        removeAll { $0 == number }
    }

    /// The values of all options of that number, in order.
    public func values(_ number: OptionNumber) -> [ArraySlice<UInt8>] {
        var values: [ArraySlice<UInt8>] = []
        for element in self {
            if element.number == number { values.append(element.value) }
            if element.number > number { break }
        }
        return values
    }
}

extension Options: Sequence {
    /// One option.
    public struct Element: Sendable {
        /// Its number.
        public let number: OptionNumber
        /// Its bytes, a view into the list.
        public let value: ArraySlice<UInt8>
        /// Where its header begins in the list.
        let start: Int
    }

    /// Walks the encoded form.
    public struct Iterator: IteratorProtocol {
        private let storage: [UInt8]
        private var cursor = OptionCursor()
        private var start = 0

        init(_ storage: [UInt8]) {
            self.storage = storage
        }

        /// The next option.
        public mutating func next() -> Element? {
            let storage = storage
            guard cursor.advance(storage.span) else { return nil }
            defer { start = cursor.value.upperBound }
            return Element(
                number: OptionNumber(rawValue: cursor.number), value: storage[cursor.value], start: start)
        }
    }

    /// Walks the options in order.
    public func makeIterator() -> Iterator {
        Iterator(storage)
    }

    /// The number of options, exactly.
    public var underestimatedCount: Int { count }
}

extension Options: CustomStringConvertible {
    /// Names and values, for logs of people; queries and paths are shown, so not for messages that carry tokens.
    public var description: String {
        let parts = map { element in
            switch element.number.definition?.format {
            case .string: "\(element.number): \(String(decoding: element.value, as: UTF8.self))"
            case .uint: "\(element.number): \(unsignedInteger(element.value))"
            case .empty: "\(element.number)"
            case .opaque, nil: "\(element.number): \(hexadecimal(element.value))"
            }
        }
        return "[" + parts.joined(separator: ", ") + "]"
    }
}

extension [UInt8] {
    /// Appends the header of an option (RFC 7252 §3.1).
    fileprivate mutating func appendOptionHeader(delta: UInt16, length: Int) {
        let (deltaNibble, deltaExtension) = nibble(of: Int(delta))
        let (lengthNibble, lengthExtension) = nibble(of: length)
        append(deltaNibble << 4 | lengthNibble)
        appendExtension(deltaNibble, deltaExtension)
        appendExtension(lengthNibble, lengthExtension)
    }

    fileprivate mutating func appendOption(delta: UInt16, value: some Collection<UInt8>) {
        appendOptionHeader(delta: delta, length: value.count)
        append(contentsOf: value)
    }

    private mutating func appendExtension(_ nibble: UInt8, _ value: Int) {
        if nibble == 14 { append(UInt8(truncatingIfNeeded: value >> 8)) }
        if nibble >= 13 { append(UInt8(truncatingIfNeeded: value)) }
    }

    private func nibble(of value: Int) -> (UInt8, Int) {
        switch value {
        case ..<13: (UInt8(truncatingIfNeeded: value), 0)
        case ..<269: (13, value - 13)
        default: (14, value - 269)
        }
    }
}
