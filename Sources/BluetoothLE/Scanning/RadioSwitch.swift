import Glibc

/// The rfkill switches of adapters, as sysfs shows them to everybody.
struct RadioSwitch: Sendable {
    /// How an adapter is switched off.
    enum Block: Sendable, Hashable {
        /// By software; `rfkill unblock` switches it on.
        case soft
        /// By a switch that a hand turns.
        case hard
    }

    /// Where sysfs is; another place in tests.
    var root = "/sys"

    /// The folders of an adapter's switches; it has one, or none.
    func folders(_ adapter: AdapterIndex) -> [String] {
        let folder = "\(root)/class/bluetooth/\(adapter)"
        guard let directory = opendir(folder) else { return [] }
        defer { closedir(directory) }
        var folders: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix("rfkill") { folders.append("\(folder)/\(name)") }
        }
        return folders.sorted()
    }

    /// How an adapter is switched off; nil when it is not.
    func block(_ adapter: AdapterIndex) -> Block? {
        let folders = folders(adapter)
        if folders.contains(where: { isSet("\($0)/hard") }) { return .hard }
        return folders.contains { isSet("\($0)/soft") } ? .soft : nil
    }

    private func isSet(_ file: String) -> Bool {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var byte: UInt8 = 0
        return read(descriptor, &byte, 1) == 1 && byte == UInt8(ascii: "1")
    }
}

extension RadioError {
    /// An adapter that is switched off, and the cure.
    init(_ block: RadioSwitch.Block, of adapter: AdapterIndex) {
        switch block {
        case .soft:
            self.init(
                .blocked, "\(adapter) is switched off by rfkill; `rfkill unblock bluetooth` switches it on",
                status: .rfkilled)
        case .hard:
            self.init(
                .blocked, "\(adapter) is switched off by a switch of the machine; turn it", status: .rfkilled)
        }
    }
}
