import Glibc

/// The machine as its files show it: `/proc`, `/sys` and what the configuration names. Tests give another root.
public struct Machine: Sendable {
    /// What stands before every path; empty for the machine itself.
    public let root: String

    /// The machine whose files are below `root`.
    public init(root: String = "") {
        self.root = root
    }

    /// The largest file that is read here; what is read holds a word or a line.
    private static let longestFile = 65_536

    /// The text of a small file without the zeros and line ends around it; nil when it cannot be read.
    func text(_ path: String) -> String? {
        guard let bytes = bytes(path) else { return nil }
        var slice = bytes[...]
        func isBlank(_ byte: UInt8?) -> Bool { byte == 0 || byte == 0x0A || byte == 0x20 }
        while isBlank(slice.last) { slice = slice.dropLast() }
        while isBlank(slice.first) { slice = slice.dropFirst() }
        return String(decoding: slice, as: UTF8.self)
    }

    /// The texts of a file that ends each with a zero, as the device tree has its lists.
    func list(_ path: String) -> [String] {
        (bytes(path) ?? []).split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    }

    private func bytes(_ path: String) -> [UInt8]? {
        let descriptor = open(root + path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: Machine.longestFile)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        return count < 0 ? nil : Array(bytes[..<count])
    }

    /// The names in a folder, sorted; empty when there is none.
    func names(_ path: String) -> [String] {
        guard let folder = opendir(root + path) else { return [] }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    /// The names in a folder that end so, sorted.
    public func files(_ path: String, ending: String) -> [String] {
        names(path).filter { $0.hasSuffix(ending) }
    }

    /// Whether there is such a file or folder.
    func exists(_ path: String) -> Bool { access(root + path, F_OK) == 0 }

    /// Whether whoever asks may write it.
    func isWritable(_ path: String) -> Bool { access(root + path, W_OK) == 0 }

    /// Free bytes where `path` is; nil when that cannot be said.
    func freeBytes(_ path: String) -> UInt64? {
        var status = statvfs()
        guard statvfs(root + path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail) * UInt64(status.f_frsize)
    }
}
