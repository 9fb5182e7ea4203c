import CGPIOD
import Glibc

extension KernelChip {
    /// The chips of this machine, by number, each once: some systems link one name to another.
    public static func list() -> [ChipInfo] {
        scan().chips
    }

    /// The most device nodes looked at; a machine has a dozen chips at most.
    private static let maximumNodes = 256

    static func scan(directory: String = "/dev") -> (chips: [ChipInfo], denied: [String]) {
        var chips: [ChipInfo] = []
        var denied: [String] = []
        var devices: Set<UInt64> = []
        let prefix = "gpiochip"
        let numbers = names(in: directory).compactMap { name in
            name.hasPrefix(prefix) ? UInt32(name.dropFirst(prefix.count)) : nil
        }
        // A link and the node it points at have one device number; the node must win, whatever their order.
        let paths = numbers.sorted().prefix(maximumNodes).map { "\(directory)/\(prefix)\($0)" }
        for path in paths.filter({ !isLink($0) }) + paths.filter(isLink) {
            guard let device = deviceNumber(path), devices.insert(device).inserted else { continue }
            var chip: OpaquePointer?
            var info = gh_gpio_chip_info()
            let result = gh_gpio_chip_open(path, &chip, &info)
            gh_gpio_chip_close(chip)
            if result == 0 {
                chips.append(ChipInfo(path: path, info))
            } else if result == -EACCES || result == -EPERM {
                denied.append(path)
            }
        }
        return (chips, denied)
    }

    /// The device number of a character device; nil for anything else.
    static func deviceNumber(_ path: String) -> UInt64? {
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFCHR else { return nil }
        return UInt64(status.st_rdev)
    }

    /// Where links lead to; the path itself when that cannot be said.
    static func resolve(_ path: String) -> String {
        guard let resolved = realpath(path, nil) else { return path }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private static func isLink(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
    }

    private static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            names.append(name)
        }
        return names
    }
}

extension ChipInfo {
    init(path: String, _ info: gh_gpio_chip_info) {
        self.init(
            path: path, name: string(info.name), label: string(info.label), lineCount: info.lines)
    }
}

/// A name as C holds it: 32 bytes with the terminator.
func string<Tuple>(_ name: Tuple) -> String {
    withUnsafeBytes(of: name) { bytes in
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }
}
