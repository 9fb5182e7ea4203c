import Glibc

/// Reading and writing small files without the whole of Foundation.
public enum TextFile {
    /// Why a file could not be read or written.
    public struct Failure: Error, Sendable, Equatable, CustomStringConvertible {
        /// `errno`, or 0 when the file itself was at fault (too large, no UTF-8).
        public let number: Int32
        /// What was tried and what was found.
        public let reason: String
        /// The reason.
        public var description: String { reason }
    }

    /// The whole of a UTF-8 file of at most `maximum` bytes.
    public static func read(_ path: String, maximum: Int) throws(Failure) -> String {
        let bytes = try readBytes(path, maximum: maximum)
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Failure(number: 0, reason: "\(path) is no UTF-8 text; expected UTF-8")
        }
        return text
    }

    /// The bytes of a file of at most `maximum` bytes.
    public static func readBytes(_ path: String, maximum: Int) throws(Failure) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure("cannot read \(path)") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = chunk.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("cannot read \(path)")
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= maximum else {
                throw Failure(number: 0, reason: "\(path) is too large; expected at most \(maximum) bytes")
            }
        }
    }

    private static func failure(_ what: String) -> Failure {
        let number = errno
        return Failure(number: number, reason: "\(what): \(String(cString: strerror(number)))")
    }
}

/// Paths as text, as far as a configuration needs them.
enum FilePathText {
    /// The folder a file stands in; `.` for a bare name.
    static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// `rest` below `folder`.
    static func join(_ folder: String, _ rest: String) -> String {
        folder.hasSuffix("/") ? folder + rest : folder + "/" + rest
    }
}
