import Testing

@testable import XMPP

@Suite("Elements and how they are written")
struct XMLElementTests {
    @Test("Namespaces are declared where they change, attributes sorted, optional ones left out")
    func writing() {
        let element = XMLElement(
            "iq", Namespace.client, ["type": "get", "id": "1", "to": nil],
            children: [XMLElement("query", Namespace.roster, children: [XMLElement("item", Namespace.roster)])])
        #expect(
            element.serialized(in: Namespace.client)
                == "<iq id='1' type='get'><query xmlns='jabber:iq:roster'><item/></query></iq>")
        #expect(element.serialized().hasPrefix("<iq xmlns='jabber:client' id='1'"))
    }

    @Test("What a reader would change is escaped, what XML cannot say is replaced")
    func escaping() {
        let element = XMLElement("a", "", ["b": "1<2 & '3'\t\n\r\u{0}"], text: "x]]>&\"'\r\n\u{1}\u{FFFF}é🚪")
        #expect(
            element.serialized()
                == "<a b='1&lt;2 &amp; &apos;3&apos;&#9;&#10;&#13;\u{FFFD}'>x]]&gt;&amp;\"'&#13;\n\u{FFFD}\u{FFFD}é🚪</a>"
        )
    }

    @Test("Attributes of foreign namespaces get prefixes, that of xml keeps its own")
    func foreignAttributes() {
        var element = XMLElement("a", "urn:x", ["{urn:y}b": "1", "c": "2"])
        element.language = "sv"
        #expect(element.serialized() == "<a xmlns='urn:x' c='2' xml:lang='sv' xmlns:a0='urn:y' a0:b='1'/>")
    }

    @Test("Attributes have no order")
    func equality() {
        #expect(XMLElement("a", "", ["b": "1", "c": "2"]) == XMLElement("a", "", ["c": "2", "b": "1"]))
        var element = XMLElement("a", "", ["b": "1"])
        element["b"] = nil
        element["d"] = nil
        #expect(element == XMLElement("a", ""))
        element["b"] = "2"
        element["b"] = "3"
        #expect(element["b"] == "3")
    }

    @Test("Queries")
    func queries() {
        let element = XMLElement(
            "a", "urn:x",
            children: [XMLElement("b", "urn:y"), XMLElement("b", "urn:x", text: "1"), XMLElement("b", "urn:x")],
            text: "t")
        #expect(element.children("b").count == 2)
        #expect(element.children("b", "urn:y").count == 1)
        #expect(element.child("b")?.text == "1")
        #expect(element.firstChild?.namespace == "urn:y")
        #expect(element.text == "t")
        #expect(element.child("c") == nil)
        #expect(XMLElement("a", "", ["x": "1", "y": "yes"]).boolean("x") == true)
        #expect(XMLElement("a", "", ["x": "1", "y": "yes"]).boolean("y") == nil)
    }
}
