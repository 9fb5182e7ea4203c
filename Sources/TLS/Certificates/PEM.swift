import Glibc

/// One block of a PEM file.
struct PEMBlock: Sendable {
    /// What stands after BEGIN: "CERTIFICATE", "EC PRIVATE KEY".
    let label: String
    let bytes: [UInt8]
    /// The line of its BEGIN, from 1.
    let line: Int
}

enum PEM {
    /// A PEM file of ours holds a few certificates of about 1 kB; whole system stores of anchors are 220 kB.
    static let maximumFileSize = 1 << 20
    /// As many certificates as the largest public stores hold, twice over.
    static let maximumBlocks = 400

    /// All blocks of a text. What stands outside blocks is commentary (RFC 7468 2).
    static func blocks(in text: [UInt8], origin: String) throws(TLSError) -> [PEMBlock] {
        var blocks: [PEMBlock] = []
        var open: (label: String, line: Int, body: [UInt8])?
        var number = 0
        for line in text.split(separator: 0x0A, omittingEmptySubsequences: false) {
            number += 1
            let line = trimmed(line)
            if let label = marked(line, "-----BEGIN ") {
                if let open {
                    throw TLSError(
                        .malformedPEM, "\(origin):\(number): found a BEGIN inside the block of line \(open.line)")
                }
                open = (label, number, [])
            } else if let label = marked(line, "-----END ") {
                guard let block = open, block.label == label else {
                    throw TLSError(
                        .malformedPEM,
                        "\(origin):\(number): found END \(label), expected END \(open?.label ?? "of no block")")
                }
                guard let bytes = Base64.decode(block.body) else {
                    throw TLSError(
                        .malformedPEM, "\(origin):\(block.line): the block \(label) is not base64 up to its END")
                }
                guard blocks.count < maximumBlocks else {
                    throw TLSError(.malformedPEM, "\(origin): more than \(maximumBlocks) blocks")
                }
                blocks.append(PEMBlock(label: label, bytes: bytes, line: block.line))
                open = nil
            } else if open != nil {
                // "Proc-Type: 4,ENCRYPTED" and its like stand before the body of old encrypted keys.
                if line.contains(UInt8(ascii: ":")) {
                    throw TLSError(
                        .encryptedKey,
                        "\(origin):\(number): the block has a header (\(String(decoding: line, as: UTF8.self))); "
                            + "keys with a password cannot be used: take the password off")
                }
                open?.body.append(contentsOf: line)
            }
        }
        if let open {
            throw TLSError(.malformedPEM, "\(origin):\(open.line): the block \(open.label) has no END")
        }
        return blocks
    }

    /// A block in lines of 64 characters (RFC 7468 3).
    static func text(label: String, _ bytes: [UInt8]) -> String {
        let body = Base64.encode(bytes)
        var text = "-----BEGIN \(label)-----\n"
        for start in stride(from: 0, to: body.count, by: 64) {
            text += String(decoding: body[start..<min(start + 64, body.count)], as: UTF8.self) + "\n"
        }
        return text + "-----END \(label)-----\n"
    }

    /// A whole file, at most `maximumFileSize` long.
    static func read(file: String) throws(TLSError) -> [UInt8] {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw TLSError(.unreadableFile, "\(file): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw TLSError(.unreadableFile, "\(file): \(String(cString: strerror(errno)))")
            }
            if count == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= maximumFileSize else {
                throw TLSError(.unreadableFile, "\(file): longer than \(maximumFileSize) bytes; expected a PEM file")
            }
        }
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var line = line
        while let last = line.last, last == 0x20 || last == 0x09 || last == 0x0D { line.removeLast() }
        return line
    }

    private static func marked(_ line: ArraySlice<UInt8>, _ prefix: StaticString) -> String? {
        let text = String(decoding: line, as: UTF8.self)
        let prefix = "\(prefix)"
        guard text.hasPrefix(prefix), text.hasSuffix("-----"), text.utf8.count >= prefix.utf8.count + 5 else {
            return nil
        }
        return String(text.dropFirst(prefix.count).dropLast(5))
    }
}
