/// A field of a form (XEP-0004 3.2).
public struct FormField: Sendable, Hashable {
    /// How a field is filled in (XEP-0004 3.3), by its name on the wire.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Yes or no.
        case boolean
        /// Text between fields.
        case fixed
        /// Not shown; sent back as it is.
        case hidden
        /// Addresses.
        case jidMulti = "jid-multi"
        /// An address.
        case jidSingle = "jid-single"
        /// Some of the options.
        case listMulti = "list-multi"
        /// One of the options.
        case listSingle = "list-single"
        /// Lines, a value each.
        case textMulti = "text-multi"
        /// A line that is not shown.
        case textPrivate = "text-private"
        /// A line.
        case textSingle = "text-single"
    }

    /// One of the values that a list offers.
    public struct Option: Sendable, Hashable {
        /// For people.
        public var label: String?
        /// What is sent.
        public var value: String

        /// An option.
        public init(_ value: String, label: String? = nil) {
            self.value = value
            self.label = label
        }
    }

    /// What dynamic forms say of a field (XEP-0336 3).
    public struct Marks: OptionSet, Sendable, Hashable {
        /// The bits.
        public let rawValue: UInt8
        /// A set of marks.
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The value cannot be changed.
        public static let readOnly = Marks(rawValue: 1)
        /// The value is uncertain, or differs between the things that the form is about.
        public static let notSame = Marks(rawValue: 2)
        /// The form is to be sent back after the field was edited.
        public static let postBack = Marks(rawValue: 4)

        static let names: [(mark: Marks, name: String)] = [
            (.notSame, "notSame"), (.readOnly, "readOnly"), (.postBack, "postBack"),
        ]
    }

    /// `var`: names the field; nil only for `fixed`.
    public var name: String?
    /// How it is filled in; nil where the form that was filled in has said it.
    public var kind: Kind?
    /// For people.
    public var label: String?
    /// An explanation for people.
    public var explanation: String?
    /// Whether it has to be filled in.
    public var isRequired: Bool
    /// The values; at most one for kinds that are not `-multi`.
    public var values: [String]
    /// What a list offers.
    public var options: [Option]
    /// What values are good.
    public var validation: FieldValidation?
    /// What a dynamic form says of it.
    public var marks: Marks
    /// What was wrong with its value (XEP-0336 3.4).
    public var problem: String?
    /// What else is in it, in other namespaces.
    public var extensions: [XMLElement]

    /// A field.
    public init(
        _ name: String?, _ kind: Kind? = nil, label: String? = nil, explanation: String? = nil,
        isRequired: Bool = false,
        values: [String] = [], options: [Option] = [], validation: FieldValidation? = nil, marks: Marks = [],
        problem: String? = nil, extensions: [XMLElement] = []
    ) {
        self.name = name
        self.kind = kind
        self.label = label
        self.explanation = explanation
        self.isRequired = isRequired
        self.values = values
        self.options = options
        self.validation = validation
        self.marks = marks
        self.problem = problem
        self.extensions = extensions
    }

    /// The first value.
    public var value: String? { values.first }

    /// The first value as yes or no: `true`, `false`, `1`, `0`.
    public var boolean: Bool? { value.flatMap { XMLElement.boolean($0) } }

    init(_ element: XMLElement) {
        self.init(element["var"], element["type"].flatMap { Kind(rawValue: $0) }, label: element["label"])
        for child in element.children {
            switch (child.name, child.namespace) {
            case ("desc", Namespace.dataForm): explanation = child.text
            case ("required", Namespace.dataForm): isRequired = true
            case ("value", Namespace.dataForm): values.append(child.text)
            case ("option", Namespace.dataForm):
                options.append(Option(child.child("value")?.text ?? "", label: child["label"]))
            case ("validate", Namespace.formValidation): validation = FieldValidation(child)
            case ("error", Namespace.dynamicForm): problem = child.text
            case (_, Namespace.dynamicForm):
                marks.formUnion(Marks.names.first { $0.name == child.name }?.mark ?? [])
            default: extensions.append(child)
            }
        }
    }

    var element: XMLElement {
        var children: [XMLElement] = []
        if let explanation { children.append(XMLElement("desc", Namespace.dataForm, text: explanation)) }
        if isRequired { children.append(XMLElement("required", Namespace.dataForm)) }
        children += values.map { XMLElement("value", Namespace.dataForm, text: $0) }
        children += options.map { option in
            XMLElement(
                "option", Namespace.dataForm, ["label": option.label],
                children: [XMLElement("value", Namespace.dataForm, text: option.value)])
        }
        if let validation { children.append(validation.element) }
        for (mark, name) in Marks.names where marks.contains(mark) {
            children.append(XMLElement(name, Namespace.dynamicForm))
        }
        if let problem { children.append(XMLElement("error", Namespace.dynamicForm, text: problem)) }
        return XMLElement(
            "field", Namespace.dataForm, ["var": name, "type": kind?.rawValue, "label": label],
            children: children + extensions)
    }
}
