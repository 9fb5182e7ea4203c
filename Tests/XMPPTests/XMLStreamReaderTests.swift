import Testing

@testable import XMPP

@Suite("Restricted XML, as it comes off the wire")
struct XMLStreamReaderTests {
    static let header =
        "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' "
        + "id='s1' from='home' version='1.0' xml:lang='en'>"

    private func read(_ text: String, limits: XMLLimits = .standard) -> (
        events: [XMLStreamReader.Event], fault: XMLFault?
    ) {
        XMLStreamReader(limits: limits).read(Array((Self.header + text).utf8))
    }

    private func elements(_ events: [XMLStreamReader.Event]) -> [XMLElement] {
        events.compactMap { if case .element(let element) = $0 { element } else { nil } }
    }

    @Test("Header, stanzas, white space between them, end")
    func stream() throws {
        let (events, fault) = read(
            " <presence/>\n<iq type='get' id='1'><ping xmlns='urn:xmpp:ping'/></iq></stream:stream>")
        #expect(fault == nil)
        try #require(events.count == 4)
        guard case .opened(let header) = events[0] else { return #expect(Bool(false)) }
        #expect(header["id"] == "s1")
        #expect(header.language == "en")
        #expect(elements(events).map(\.name) == ["presence", "iq"])
        #expect(elements(events)[1].firstChild == XMLElement("ping", Namespace.ping))
        #expect(events[3] == .closed)
    }

    @Test("What was written is read as the same, however it is cut")
    func roundTrip() {
        let element = XMLElement(
            "message", Namespace.client, ["to": "a@b/c'\"<>&\t\n\r", "xml:lang": "sv", "{urn:y}x": "1"],
            children: [
                XMLElement(
                    "x", "urn:x", children: [XMLElement("y", "urn:y"), XMLElement("z", "")], text: "a]]>&<\r\né🚪"),
                XMLElement("body", Namespace.client, text: " "),
            ])
        let bytes = Array(Self.header.utf8) + element.bytes()
        for size in [1, 2, 3, 7, 50, bytes.count] {
            let reader = XMLStreamReader()
            var events: [XMLStreamReader.Event] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                let part = reader.read(Array(bytes[start..<min(start + size, bytes.count)]))
                #expect(part.fault == nil)
                events += part.events
            }
            #expect(elements(events) == [element])
            #expect(!reader.isInsideElement)
        }
    }

    @Test("A component's stanzas come as a client's")
    func component() {
        let header = Self.header.replacing("jabber:client", with: "jabber:component:accept")
        let (events, _) = XMLStreamReader().read(Array((header + "<iq type='set' id='1'><a xmlns='urn:x'/></iq>").utf8))
        #expect(elements(events).first?.namespace == Namespace.client)
    }

    @Test(
        "What XMPP forbids and what is no XML ends the stream",
        arguments: [
            ("<!-- x -->", .restricted), ("<a><!-- x --></a>", .restricted), ("<?php x?>", .restricted),
            ("<a>&x;</a>", .restricted), ("<a b='&x;'/>", .restricted), ("<a></b>", .notWellFormed),
            ("<a b='1' b='2'/>", .notWellFormed), ("<a b=1/>", .notWellFormed), ("<x:a/>", .notWellFormed),
            ("<a>\u{1}</a>", .notWellFormed), ("<a>&#1;</a>", .notWellFormed), ("text", .badFormat),
            ("<!DOCTYPE a>", .notWellFormed),
        ] as [(String, XMLFault.Code)])
    func forbidden(_ text: String, _ code: XMLFault.Code) {
        let (events, fault) = read("<presence/>" + text)
        #expect(fault?.code == code, "\(fault?.reason ?? "")")
        #expect(elements(events).map(\.name) == ["presence"], "what came before counts")
    }

    @Test("Billion laughs, in place of a header")
    func laughs() {
        var text = "<?xml version='1.0'?><!DOCTYPE lolz [<!ENTITY a 'lol'>"
        for (name, other) in zip("bcdefghij", "abcdefghi") {
            text += "<!ENTITY \(name) '" + String(repeating: "&\(other);", count: 10) + "'>"
        }
        text += "]><stream:stream xmlns:stream='http://etherx.jabber.org/streams'>&j;"
        let (events, fault) = XMLStreamReader().read(Array(text.utf8))
        #expect(events.isEmpty)
        #expect(fault?.code == .restricted)
    }

    @Test("What is not UTF-8, or begins with something else than a stream")
    func beginnings() {
        #expect(XMLStreamReader().read([0xFF, 0xFE, 0x3C, 0]).fault != nil)
        #expect(
            XMLStreamReader().read(Array(Self.header.utf8) + [0x3C, 0x61, 0x3E, 0xC3, 0x28]).fault?.code
                == .notWellFormed)
        #expect(XMLStreamReader().read(Array("<html>".utf8)).fault?.code == .badFormat)
        #expect(XMLStreamReader().read(Array("HTTP/1.1 400 Bad Request\r\n".utf8)).fault?.code == .notWellFormed)
    }

    @Test("Limits: stanza, tag, depth, attributes, elements, names")
    func limits() {
        var limits = XMLLimits()
        limits.stanzaBytes = 2_000
        limits.tagBytes = 1_000
        limits.depth = 5
        limits.attributes = 4
        limits.elements = 20
        limits.nameBytes = 50
        let cases: [(String, Bool)] = [
            ("<a>" + String(repeating: "x", count: 1_900) + "</a>", true),
            ("<a>" + String(repeating: "x", count: 2_100) + "</a>", false),
            ("<a>" + String(repeating: "x", count: 2_100), false),
            ("<a b='" + String(repeating: "x", count: 900) + "'/>", true),
            ("<a b='" + String(repeating: "x", count: 1_100) + "'/>", false),
            ("<a b='" + String(repeating: "x", count: 1_100), false),
            (String(repeating: "<a>", count: 5) + String(repeating: "</a>", count: 5), true),
            (String(repeating: "<a>", count: 6), false), ("<a b='' c='' d='' e=''/>", true),
            ("<a b='' c='' d='' e='' f=''/>", false), ("<a>" + String(repeating: "<b/>", count: 19) + "</a>", true),
            ("<a>" + String(repeating: "<b/>", count: 20) + "</a>", false),
            ("<" + String(repeating: "n", count: 30) + "/>", true),
            ("<" + String(repeating: "n", count: 60) + "/>", false),
            ("<a " + String(repeating: "n", count: 60) + "=''/>", false),
        ]
        for (text, isFine) in cases {
            let (_, fault) = read(text, limits: limits)
            #expect(fault?.code == (isFine ? nil : .tooLarge), "\(text.prefix(60)) \(text.count)")
        }
        // White space between stanzas is part of none.
        let spaces = String(repeating: String(repeating: " ", count: 900) + "<a/>", count: 10)
        #expect(read(spaces, limits: limits).fault == nil)
        #expect(read(String(repeating: "<a>x</a>", count: 1_000), limits: limits).fault == nil)
    }

    @Test("A stream that brings new names for ever holds no more memory, and loses nothing")
    func names() throws {
        let reader = XMLStreamReader()
        // Prefixes of the header are known to every parser that follows.
        let header = Self.header.replacing("id='s1'", with: "xmlns:p='urn:p' id='s1'")
        #expect(reader.read(Array(header.utf8)).fault == nil)
        var most = 0
        var seen = 0
        for round in 0..<300 {
            var text = ""
            for index in 0..<50 { text += "<p:n\(round)x\(index) a\(round)y\(index)='1'><b/></p:n\(round)x\(index)>" }
            let (events, fault) = reader.read(Array(text.utf8))
            try #require(fault == nil, "\(fault?.reason ?? "")")
            for element in elements(events) {
                #expect(element.namespace == "urn:p")
                seen += 1
            }
            most = max(most, reader.parserBytes)
        }
        #expect(seen == 15_000)
        #expect(most < 2 * XMLLimits.standard.idleParserBytes)
        #expect(reader.read(Array("</stream:stream>".utf8)).events == [.closed])
    }

    @Test("Begins anew after TLS and authentication, and after a fault")
    func reset() {
        let reader = XMLStreamReader()
        #expect(reader.read(Array((Self.header + "<features><a").utf8)).fault == nil)
        #expect(reader.isInsideElement)
        reader.reset()
        #expect(!reader.isInsideElement)
        #expect(reader.read(Array((Self.header + "<a/>").utf8)).events.count == 2)
        #expect(reader.read(Array("<!-- -->".utf8)).fault != nil)
        #expect(reader.read(Array("<a/>".utf8)).fault != nil)
        reader.reset()
        #expect(reader.read(Array((Self.header + "<a/>").utf8)).events.count == 2)
    }
}
