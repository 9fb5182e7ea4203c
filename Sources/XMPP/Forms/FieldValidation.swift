/// What values a field takes (XEP-0122).
public struct FieldValidation: Sendable, Hashable {
    /// How values are judged beyond their datatype (XEP-0122 3.2).
    public enum Method: Sendable, Hashable {
        /// By the datatype alone.
        case basic
        /// Also values that are not among the options.
        case open
        /// From a least to a greatest value, both included, as the datatype writes them.
        case range(minimum: String?, maximum: String?)
        /// A regular expression (POSIX extended).
        case regex(String)
    }

    /// `xs:string`, `xs:int`, `xs:double`, `xs:dateTime`, …
    public var datatype: String
    /// How values are judged beyond it.
    public var method: Method?
    /// How many values at least, for lists.
    public var minimumCount: UInt32?
    /// How many values at most, for lists.
    public var maximumCount: UInt32?

    /// A rule.
    public init(
        _ datatype: String = "xs:string", _ method: Method? = nil, minimumCount: UInt32? = nil,
        maximumCount: UInt32? = nil
    ) {
        self.datatype = datatype
        self.method = method
        self.minimumCount = minimumCount
        self.maximumCount = maximumCount
    }

    init(_ element: XMLElement) {
        self.init(element["datatype"] ?? "xs:string")
        for child in element.children where child.namespace == Namespace.formValidation {
            switch child.name {
            case "basic": method = .basic
            case "open": method = .open
            case "range": method = .range(minimum: child["min"], maximum: child["max"])
            case "regex": method = .regex(child.text)
            case "list-range":
                minimumCount = child["min"].flatMap { UInt32($0) }
                maximumCount = child["max"].flatMap { UInt32($0) }
            default: break
            }
        }
    }

    var element: XMLElement {
        var children: [XMLElement] = []
        switch method {
        case .basic?: children.append(XMLElement("basic", Namespace.formValidation))
        case .open?: children.append(XMLElement("open", Namespace.formValidation))
        case .range(let minimum, let maximum)?:
            children.append(XMLElement("range", Namespace.formValidation, ["min": minimum, "max": maximum]))
        case .regex(let pattern)?: children.append(XMLElement("regex", Namespace.formValidation, text: pattern))
        case nil: break
        }
        if minimumCount != nil || maximumCount != nil {
            children.append(
                XMLElement(
                    "list-range", Namespace.formValidation,
                    ["min": minimumCount.map { "\($0)" }, "max": maximumCount.map { "\($0)" }]))
        }
        return XMLElement("validate", Namespace.formValidation, ["datatype": datatype], children: children)
    }
}
