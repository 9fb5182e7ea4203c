/// An element with its attributes and what is in it: how stanzas and their payloads are held.
///
/// Attributes have no order (XML 1.0 3.1): they are kept sorted by name, so that elements that mean the same are equal
/// and are written alike. An attribute is named by its local name; one of a foreign namespace by `{namespace}name`, and
/// that of the prefix `xml` by `xml:lang` and the like. Comments and processing instructions do not exist (RFC 6120 11.1).
public struct XMLElement: Sendable, Hashable {
    /// A part of what is in an element.
    public enum Node: Sendable, Hashable {
        /// An element.
        case element(XMLElement)
        /// Characters, as they are meant: not escaped.
        case text(String)
    }

    /// An attribute.
    public struct Attribute: Sendable, Hashable {
        /// `type`, `xml:lang`, `{http://example.com/}name`.
        public let name: String
        /// The value, as it is meant: not escaped.
        public var value: String
    }

    /// The local name.
    public let name: String
    /// The namespace; "" for none.
    public let namespace: String
    /// The attributes, sorted by name, each name once.
    public private(set) var attributes: [Attribute] = []
    /// Elements and text in the order of the document.
    public var nodes: [Node]

    /// An element.
    ///
    /// - Parameters:
    ///   - attributes: a nil value is left out, so that optional ones can be written in place.
    ///   - children: elements in it.
    ///   - text: characters before the children.
    public init(
        _ name: String, _ namespace: String, _ attributes: KeyValuePairs<String, String?> = [:],
        children: [XMLElement] = [], text: String = ""
    ) {
        self.name = name
        self.namespace = namespace
        nodes = (text.isEmpty ? [] : [.text(text)]) + children.map { .element($0) }
        for (name, value) in attributes where value != nil { self[name] = value }
    }

    /// An empty element as the reader finds it: its attributes in any order, each name once.
    init(_ name: String, _ namespace: String, unordered attributes: [Attribute]) {
        self.name = name
        self.namespace = namespace
        nodes = []
        self.attributes = attributes
        // Few, and often in order already.
        for index in self.attributes.indices.dropFirst() {
            var place = index
            while place > 0, self.attributes[place].name < self.attributes[place - 1].name {
                self.attributes.swapAt(place, place - 1)
                place -= 1
            }
        }
    }

    /// The value of an attribute; nil when it is not there. Setting nil takes it away.
    public subscript(name: String) -> String? {
        get {
            // Elements have a handful of attributes: looking at each is faster than a search.
            for attribute in attributes where attribute.name == name { return attribute.value }
            return nil
        }
        set {
            let index = attributes.firstIndex { $0.name >= name } ?? attributes.endIndex
            let isThere = index < attributes.endIndex && attributes[index].name == name
            switch (newValue, isThere) {
            case (let value?, true): attributes[index].value = value
            case (let value?, false): attributes.insert(Attribute(name: name, value: value), at: index)
            case (nil, true): attributes.remove(at: index)
            case (nil, false): break
            }
        }
    }

    /// `xml:lang`.
    public var language: String? {
        get { self["xml:lang"] }
        set { self["xml:lang"] = newValue }
    }

    // MARK: What is in it

    /// The elements in it, in order.
    public var children: [XMLElement] {
        nodes.compactMap { if case .element(let element) = $0 { element } else { nil } }
    }

    /// The elements in it with this name, in order. Without a namespace: those of its own.
    public func children(_ name: String, _ namespace: String? = nil) -> [XMLElement] {
        children.filter { $0.name == name && $0.namespace == namespace ?? self.namespace }
    }

    /// The first element in it with this name. Without a namespace: of its own.
    public func child(_ name: String, _ namespace: String? = nil) -> XMLElement? {
        for case .element(let element) in nodes
        where element.name == name && element.namespace == namespace ?? self.namespace { return element }
        return nil
    }

    /// The first element in it.
    public var firstChild: XMLElement? {
        for case .element(let element) in nodes { return element }
        return nil
    }

    /// The characters directly in it, put together.
    public var text: String {
        if nodes.count == 1, case .text(let text) = nodes[0] { return text }
        return nodes.reduce(into: "") { if case .text(let text) = $1 { $0 += text } }
    }

    /// Adds an element at the end.
    public mutating func append(_ element: XMLElement) { nodes.append(.element(element)) }

    /// Adds characters at the end. Text that follows text is one text, so that equal content is equal.
    public mutating func append(text: String) {
        guard !text.isEmpty else { return }
        if case .text(let before)? = nodes.last {
            nodes[nodes.count - 1] = .text(before + text)
        } else {
            nodes.append(.text(text))
        }
    }

    /// Whether it has this name.
    public func isNamed(_ name: String, _ namespace: String) -> Bool {
        self.name == name && self.namespace == namespace
    }
}

extension XMLElement {
    /// The value of an `xs:boolean` attribute: `true`, `false`, `1`, `0`. Nil when it is not there or is something else.
    public func boolean(_ name: String) -> Bool? { self[name].flatMap { XMLElement.boolean($0) } }

    /// An `xs:boolean`: `true`, `false`, `1`, `0`.
    public static func boolean(_ text: String) -> Bool? {
        switch text {
        case "true", "1": true
        case "false", "0": false
        default: nil
        }
    }
}
