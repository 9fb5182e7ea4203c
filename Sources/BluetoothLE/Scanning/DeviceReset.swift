import Glibc

/// Takes an adapter off its bus and brings it back, through files of sysfs that the system's rules let this user write.
struct DeviceReset: Sendable {
    /// How it is done.
    enum Means: Sendable, Hashable {
        /// Through `authorized` of its USB device.
        case usb(String)
        /// Through `soft` of its rfkill switch.
        case rfkill(String)

        var file: String {
            switch self {
            case .usb(let file), .rfkill(let file): file
            }
        }
    }

    /// Where sysfs is; another place in tests.
    var root = "/sys"

    /// How this adapter can be reset; nil when it can not, or not by this user.
    func means(_ adapter: AdapterIndex) -> Means? {
        let folder = "\(root)/class/bluetooth/\(adapter)"
        // The interface of a USB device lies in the folder of the device.
        if let device = real("\(folder)/device"), let end = device.lastIndex(of: "/") {
            let file = "\(device[..<end])/authorized"
            if access(file, W_OK) == 0 { return .usb(file) }
        }
        for file in RadioSwitch(root: root).folders(adapter).map({ "\($0)/soft" }) where access(file, W_OK) == 0 {
            return .rfkill(file)
        }
        return nil
    }

    /// Off, for as long as a device needs to lose its state, and on.
    func perform(_ means: Means) async throws(RadioError) {
        let (off, on): (String, String) =
            switch means {
            case .usb: ("0", "1")
            case .rfkill: ("1", "0")
            }
        try write(off, means.file)
        // Once off it is brought back whatever happens to this task.
        try? await Task.sleep(for: .milliseconds(500))
        try write(on, means.file)
    }

    private func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    private func write(_ text: String, _ file: String) throws(RadioError) {
        let descriptor = open(file, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw RadioError(errno: errno, "\(file) cannot be written") }
        defer { close(descriptor) }
        guard Glibc.write(descriptor, text, text.utf8.count) == text.utf8.count else {
            throw RadioError(errno: errno, "\(file) cannot be written")
        }
    }
}
