/// A page or a section of a form, which shows some of its fields together (XEP-0141).
public struct FormLayout: Sendable, Hashable {
    /// What a page or section shows.
    public enum Part: Sendable, Hashable {
        /// A sentence.
        case text(String)
        /// A section of its own.
        case section(FormLayout)
        /// The field of this name.
        case field(String)
        /// The table of results.
        case reported
    }

    /// For people.
    public var label: String?
    /// What it shows, in order.
    public var parts: [Part]

    /// A page or section.
    public init(_ label: String? = nil, _ parts: [Part]) {
        self.label = label
        self.parts = parts
    }

    init(_ element: XMLElement) {
        label = element["label"]
        // As deep as the elements are, and their depth has a limit.
        parts = element.children.compactMap { child in
            guard child.namespace == Namespace.formLayout else { return nil }
            switch child.name {
            case "text": return .text(child.text)
            case "section": return .section(FormLayout(child))
            case "fieldref": return child["var"].map { .field($0) }
            case "reportedref": return .reported
            default: return nil
            }
        }
    }

    func element(_ name: String) -> XMLElement {
        let children = parts.map { part in
            switch part {
            case .text(let text): XMLElement("text", Namespace.formLayout, text: text)
            case .section(let section): section.element("section")
            case .field(let name): XMLElement("fieldref", Namespace.formLayout, ["var": name])
            case .reported: XMLElement("reportedref", Namespace.formLayout)
            }
        }
        return XMLElement(name, Namespace.formLayout, ["label": label], children: children)
    }
}
