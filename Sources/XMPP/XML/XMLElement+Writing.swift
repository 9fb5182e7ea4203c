extension XMLElement {
    /// The element as text that any parser reads as the same element.
    ///
    /// - Parameter inherited: the default namespace where it is written; what differs is declared.
    public func serialized(in inherited: String = "") -> String {
        String(decoding: bytes(in: inherited), as: UTF8.self)
    }

    /// The element in UTF-8, as the stream carries it.
    public func bytes(in inherited: String = Namespace.client) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(256)
        write(to: &bytes, in: inherited)
        return bytes
    }

    /// Appends the element in UTF-8.
    public func write(to bytes: inout [UInt8], in inherited: String) {
        writeStart(to: &bytes, in: inherited)
        if nodes.isEmpty {
            bytes.append(contentsOf: "/>".utf8)
            return
        }
        bytes.append(UInt8(ascii: ">"))
        for node in nodes {
            switch node {
            case .element(let element): element.write(to: &bytes, in: namespace)
            case .text(let text): XMLText.escape(text, isAttribute: false, to: &bytes)
            }
        }
        bytes.append(contentsOf: "</".utf8)
        bytes.append(contentsOf: name.utf8)
        bytes.append(UInt8(ascii: ">"))
    }

    /// `<name xmlns='…' a='…'` without its end.
    private func writeStart(to bytes: inout [UInt8], in inherited: String) {
        bytes.append(UInt8(ascii: "<"))
        bytes.append(contentsOf: name.utf8)
        if namespace != inherited { XMLText.attribute("xmlns", namespace, to: &bytes) }
        var prefixes = 0
        for attribute in attributes {
            guard attribute.name.utf8.first == UInt8(ascii: "{"), let end = attribute.name.lastIndex(of: "}") else {
                XMLText.attribute(attribute.name, attribute.value, to: &bytes)
                continue
            }
            // Prefixes mean nothing; each foreign attribute gets one of its own.
            let space = attribute.name[attribute.name.index(after: attribute.name.startIndex)..<end]
            let prefix = "a\(prefixes)"
            prefixes += 1
            XMLText.attribute("xmlns:\(prefix)", String(space), to: &bytes)
            let local = attribute.name[attribute.name.index(after: end)...]
            XMLText.attribute("\(prefix):\(local)", attribute.value, to: &bytes)
        }
    }
}

extension XMLElement: CustomStringConvertible {
    /// The text.
    public var description: String { serialized() }
}

/// How characters are written in XML.
enum XMLText {
    static func attribute(_ name: String, _ value: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: " "))
        bytes.append(contentsOf: name.utf8)
        bytes.append(contentsOf: "='".utf8)
        escape(value, isAttribute: true, to: &bytes)
        bytes.append(UInt8(ascii: "'"))
    }

    /// Appends `text` with what XML reserves as references. What XML 1.0 has no way to say (2.2: most control characters,
    /// U+FFFE, U+FFFF) becomes U+FFFD, so that a name from a radio cannot end the stream.
    static func escape(_ text: String, isAttribute: Bool, to bytes: inout [UInt8]) {
        var text = text
        text.withUTF8 { input in
            var index = 0
            while index < input.count {
                let byte = input[index]
                switch byte {
                case UInt8(ascii: "&"): bytes.append(contentsOf: "&amp;".utf8)
                case UInt8(ascii: "<"): bytes.append(contentsOf: "&lt;".utf8)
                // "]]>" may not stand in text (2.4).
                case UInt8(ascii: ">"): bytes.append(contentsOf: "&gt;".utf8)
                case UInt8(ascii: "'") where isAttribute: bytes.append(contentsOf: "&apos;".utf8)
                // A parser makes spaces of these in attributes (3.3.3) and of CR a LF everywhere (2.11).
                case 0x09 where isAttribute: bytes.append(contentsOf: "&#9;".utf8)
                case 0x0A where isAttribute: bytes.append(contentsOf: "&#10;".utf8)
                case 0x0D: bytes.append(contentsOf: "&#13;".utf8)
                case 0x09, 0x0A: bytes.append(byte)
                case 0..<0x20: bytes.append(contentsOf: "\u{FFFD}".utf8)
                // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
                case 0xEF where index + 2 < input.count && input[index + 1] == 0xBF && input[index + 2] >= 0xBE:
                    bytes.append(contentsOf: "\u{FFFD}".utf8)
                    index += 2
                default: bytes.append(byte)
                }
                index += 1
            }
        }
    }
}
