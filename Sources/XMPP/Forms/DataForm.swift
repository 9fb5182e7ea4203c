/// A form to be filled in, filled in, or telling results (XEP-0004), with validation (XEP-0122), layout (XEP-0141) and the
/// marks of dynamic forms (XEP-0336).
public struct DataForm: Sendable, Hashable {
    /// What the form is for (XEP-0004 3.1).
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// To be filled in.
        case form
        /// Filled in.
        case submit
        /// Not to be filled in after all.
        case cancel
        /// Tells something.
        case result
    }

    /// What the form is for.
    public var kind: Kind
    /// The heading.
    public var title: String?
    /// What to do, a paragraph each.
    public var instructions: [String]
    /// How the fields are grouped for people.
    public var pages: [FormLayout]
    /// The fields, in order.
    public var fields: [FormField]
    /// The columns of ``items``.
    public var reported: [FormField]
    /// Rows of results.
    public var items: [[FormField]]

    /// A form.
    public init(
        _ kind: Kind, title: String? = nil, instructions: [String] = [], pages: [FormLayout] = [],
        fields: [FormField] = [], reported: [FormField] = [], items: [[FormField]] = []
    ) {
        self.kind = kind
        self.title = title
        self.instructions = instructions
        self.pages = pages
        self.fields = fields
        self.reported = reported
        self.items = items
    }

    /// The field of this name.
    public subscript(name: String) -> FormField? { fields.first { $0.name == name } }

    /// `FORM_TYPE`, which says what the fields mean (XEP-0068).
    public var formType: String? { self["FORM_TYPE"]?.value }

    /// Reads an `x` element; nil when it is none, or of no kind.
    public init?(_ element: XMLElement) {
        guard element.isNamed("x", Namespace.dataForm), let kind = element["type"].flatMap({ Kind(rawValue: $0) })
        else {
            return nil
        }
        self.init(kind)
        for child in element.children {
            switch (child.name, child.namespace) {
            case ("title", Namespace.dataForm): title = child.text
            case ("instructions", Namespace.dataForm): instructions.append(child.text)
            case ("field", Namespace.dataForm): fields.append(FormField(child))
            case ("reported", Namespace.dataForm): reported = child.children("field").map { FormField($0) }
            case ("item", Namespace.dataForm): items.append(child.children("field").map { FormField($0) })
            case ("page", Namespace.formLayout): pages.append(FormLayout(child))
            default: break
            }
        }
    }

    /// The `x` element.
    public var element: XMLElement {
        var children = instructions.map { XMLElement("instructions", Namespace.dataForm, text: $0) }
        if let title { children.append(XMLElement("title", Namespace.dataForm, text: title)) }
        children += pages.map { $0.element("page") }
        children += fields.map(\.element)
        if !reported.isEmpty {
            children.append(XMLElement("reported", Namespace.dataForm, children: reported.map(\.element)))
        }
        children += items.map { XMLElement("item", Namespace.dataForm, children: $0.map(\.element)) }
        return XMLElement("x", Namespace.dataForm, ["type": kind.rawValue], children: children)
    }
}
