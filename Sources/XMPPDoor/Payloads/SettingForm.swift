import Concentrator
import XMPP

/// Forms of what can be set, and what people fill in: for control parameters (XEP-0325), node settings and commands
/// (XEP-0326).
public enum SettingForm {
    /// The hidden field that XEP-0336 wants; a form of ours keeps nothing on this side, so what comes back is not looked at.
    public static let session = "xdd session"

    /// A form.
    ///
    /// - Parameters:
    ///   - settings: the lines, in order; those of one page after another.
    ///   - differing: settings whose value is not the same for all nodes that the form is about.
    ///   - marksAll: marks every line as not the same, as XEP-0325 wants of control forms.
    public static func form(
        title: String, session id: String, _ settings: [NodeSetting], differing: Set<String> = [],
        marksAll: Bool = false
    ) -> DataForm {
        var pages: [String] = []
        for setting in settings where !pages.contains(setting.page) { pages.append(setting.page) }
        return DataForm(
            .form, title: title,
            pages: pages.map { page in
                FormLayout(page, settings.filter { $0.page == page }.map { .field($0.id) })
            },
            fields: [FormField(session, .hidden, values: [id])]
                + settings.map { field($0, isNotSame: marksAll || differing.contains($0.id)) })
    }

    private static func field(_ setting: NodeSetting, isNotSame: Bool) -> FormField {
        var marks: FormField.Marks = []
        if isNotSame { marks.insert(.notSame) }
        if setting.isReadOnly { marks.insert(.readOnly) }
        let value = setting.isSecret ? nil : setting.value
        var field = FormField(
            setting.id, label: setting.title, explanation: setting.explanation, isRequired: setting.isRequired,
            values: value.map { ["\($0)"] } ?? [], marks: marks)
        switch setting.kind {
        case .boolean:
            field.kind = .boolean
            field.validation = FieldValidation("xs:boolean", .basic)
        case .number(let minimum, let maximum, let decimals, let unit):
            field.kind = .textSingle
            let isBounded = minimum != nil || maximum != nil
            field.validation = FieldValidation(
                decimals == 0 ? "xs:long" : "xs:double",
                isBounded ? .range(minimum: minimum?.description, maximum: maximum?.description) : .basic)
            if let unit, !unit.isEmpty { field.label = "\(setting.title) (\(unit))" }
        case .text:
            field.kind = setting.isSecret ? .textPrivate : .textSingle
            field.validation = FieldValidation("xs:string", .basic)
        case .choice(let choices):
            field.kind = .listSingle
            field.options = choices.map { FormField.Option($0) }
            field.validation = FieldValidation("xs:string", .basic)
        }
        return field
    }

    /// What was filled in: only lines that are there, and there in `settings`.
    ///
    /// - Throws: ``AdministrationError`` of the code `form`, with every line that does not do.
    public static func values(
        _ form: DataForm, _ settings: [NodeSetting], isNew: Bool = false
    ) throws(AdministrationError) -> [SettingValue] {
        var values: [SettingValue] = []
        var problems: [AdministrationError.SettingProblem] = []
        for field in form.fields {
            guard let name = field.name, name != session, name != "FORM_TYPE" else { continue }
            guard let setting = settings.first(where: { $0.id == name }) else {
                problems.append(.init(name, "there is no such parameter"))
                continue
            }
            // What only tells is never changed, and a form that is sent back whole may hold it (XEP-0326).
            guard !setting.isReadOnly, let text = field.value else { continue }
            if setting.isSecret && text.isEmpty { continue }
            guard let value = parse(text, setting.kind) else {
                problems.append(.init(name, "\"\(text.prefix(40))\" is no \(word(setting.kind))"))
                continue
            }
            if let objection = setting.objection(to: value) {
                problems.append(.init(name, objection))
            } else {
                values.append(SettingValue(name, value))
            }
        }
        if isNew {
            for setting in settings where setting.isRequired && !values.contains(where: { $0.id == setting.id }) {
                if !problems.contains(where: { $0.id == setting.id }) {
                    problems.append(.init(setting.id, "a value is needed"))
                }
            }
        }
        guard problems.isEmpty else { throw AdministrationError(problems) }
        return values
    }

    /// The value that text means for this kind.
    static func parse(_ text: String, _ kind: ParameterKind) -> FieldValue? {
        switch kind {
        case .boolean: XMLElement.boolean(text).map { .boolean($0) }
        case .number: NumberText.quantity(text).map { .number($0) }
        case .text, .choice: .text(text)
        }
    }

    private static func word(_ kind: ParameterKind) -> String {
        switch kind {
        case .boolean: "true or false"
        case .number: "number"
        case .text, .choice: "text"
        }
    }
}
