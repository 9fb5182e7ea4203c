import Advertising
import Glibc

/// Advertisements with their times, read from a file.
public struct Capture: Sendable, Hashable {
    /// One of them.
    public struct Entry: Sendable, Hashable {
        /// When it came, from the capture's start.
        public var time: Duration
        /// What came; its `receivedAt` is set when it is replayed.
        public var address: BluetoothAddress
        /// The address kind.
        public var addressKind: AddressKind
        /// Whether the sender takes connections; nil where the capture does not say.
        public var isConnectable: Bool?
        /// Whether it answers a scan.
        public var isScanResponse: Bool
        /// Strength in dBm.
        public var rssi: Int8?
        /// The AD structures.
        public var payload: [UInt8]
    }

    /// In the order of time.
    public let entries: [Entry]

    /// A capture of these entries, put in the order of time.
    public init(entries: [Entry]) {
        self.entries = entries.enumerated().sorted { ($0.element.time, $0.offset) < ($1.element.time, $1.offset) }
            .map(\.element)
    }

    /// From the start to the last entry.
    public var duration: Duration { entries.last?.time ?? .zero }

    /// How long a file may be: 64 MiB are some 600,000 advertisements, far more than a replay needs.
    public static let longestFile = 64 << 20

    /// Reads a btsnoop file or lines of JSON; which of the two, the first bytes tell.
    ///
    /// - Throws: ``CaptureError``.
    public static func load(path: String) throws(CaptureError) -> Capture {
        try parse(readFile(path))
    }

    /// Reads the bytes of a btsnoop file or of lines of JSON.
    ///
    /// - Throws: ``CaptureError``.
    public static func parse(_ bytes: [UInt8]) throws(CaptureError) -> Capture {
        let capture = bytes.starts(with: Btsnoop.magic) ? try Btsnoop.parse(bytes) : try AdvertLine.capture(bytes)
        guard !capture.entries.isEmpty else {
            throw CaptureError(.empty, "there is no advertisement in the capture")
        }
        return capture
    }

    private static func readFile(_ path: String) throws(CaptureError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw CaptureError(.unreadable, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        defer { close(descriptor) }
        var content: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw CaptureError(.unreadable, "cannot read \(path): \(String(cString: strerror(errno)))")
            }
            if count == 0 { return content }
            guard content.count + count <= longestFile else {
                throw CaptureError(.tooLong, "\(path) is longer than \(longestFile >> 20) MiB")
            }
            content += chunk[..<count]
        }
    }
}

/// Why a file is no capture.
public struct CaptureError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The kinds of fault.
    public enum Code: String, Sendable, Hashable {
        /// The file cannot be opened or read.
        case unreadable
        /// Longer than ``Capture/longestFile``.
        case tooLong
        /// Neither btsnoop nor lines of JSON, or a version or link type that is not read.
        case unknownFormat
        /// A line that is no advertisement.
        case badLine
        /// Nothing in it.
        case empty
    }

    /// What kind of fault it is.
    public let code: Code
    /// What was found and what was expected, for people.
    public let reason: String

    init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }
}
