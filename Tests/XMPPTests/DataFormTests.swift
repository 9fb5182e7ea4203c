import Testing

@testable import XMPP

@Suite("Data forms (XEP-0004, 0122, 0141, 0336)")
struct DataFormTests {
    @Test("A form with everything comes back as it was written")
    func roundTrip() {
        let form = DataForm(
            .form, title: "Relay", instructions: ["One", "Two"],
            pages: [
                FormLayout(
                    "Control",
                    [.text("Output"), .field("State"), .section(FormLayout("More", [.field("Speed"), .reported]))])
            ],
            fields: [
                FormField("xdd session", .hidden, values: ["1"]),
                FormField(
                    "State", .boolean, label: "Closed", explanation: "Whether it is closed.", isRequired: true,
                    values: ["true"], validation: FieldValidation("xs:boolean", .basic), marks: [.notSame, .postBack],
                    extensions: [XMLElement("parameterGroup", "urn:xmpp:iot:control", ["name": "G"])]),
                FormField(
                    "Speed", .listSingle, options: [.init("1", label: "slow"), .init("2")],
                    validation: FieldValidation(
                        "xs:int", .range(minimum: "1", maximum: "2"), minimumCount: 1, maximumCount: 2),
                    marks: .readOnly, problem: "too fast"),
                FormField("r", validation: FieldValidation("xs:string", .regex("[0-9]+"))),
                FormField("o", validation: FieldValidation("xs:string", .open)),
                FormField(nil, .fixed, values: ["text"]), FormField("m", .textMulti, values: ["a", "", "b"]),
            ],
            reported: [FormField("a", .textSingle)],
            items: [[FormField("a", values: ["1"])], [FormField("a", values: ["2"])]])
        #expect(DataForm(form.element) == form)
        #expect(form["State"]?.boolean == true)
        #expect(form["Missing"] == nil)
    }

    @Test("An empty submission, and what is none")
    func edges() {
        #expect(DataForm(DataForm(.submit).element) == DataForm(.submit))
        #expect(DataForm(XMLElement("x", Namespace.dataForm)) == nil)
        #expect(DataForm(XMLElement("x", Namespace.dataForm, ["type": "odd"])) == nil)
        #expect(DataForm(XMLElement("x", "urn:x", ["type": "form"])) == nil)
    }
}
