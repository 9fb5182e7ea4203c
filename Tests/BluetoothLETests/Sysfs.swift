import Glibc
import Synchronization
import Testing

private final class Flag: Sendable {
    let isSet = Atomic(false)
}

/// A sysfs of a few files, as the kernel lays it out.
final class Sysfs {
    let root: String

    init() throws {
        var template = Array("/tmp/gatehouse-sysfs-XXXXXX".utf8CString)
        _ = try #require(mkdtemp(&template))
        root = String(decoding: template.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        folder("class/bluetooth")
    }

    deinit { system("rm -rf '\(root)'") }

    func folder(_ path: String) { system("mkdir -p '\(root)/\(path)'") }

    func file(_ path: String, _ text: String) {
        let file = fopen("\(root)/\(path)", "w")
        fputs(text, file)
        fclose(file)
    }

    func text(_ path: String) -> String {
        guard let file = fopen("\(root)/\(path)", "r") else { return "" }
        defer { fclose(file) }
        var buffer = [CChar](repeating: 0, count: 64)
        guard fgets(&buffer, 64, file) != nil else { return "" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// An adapter on USB: hci0 below the interface 1-1:1.0 of the device 1-1.
    func plugUSB() {
        folder("devices/usb1/1-1/1-1:1.0/bluetooth/hci0")
        file("devices/usb1/1-1/authorized", "1")
        symlink("../../devices/usb1/1-1/1-1:1.0/bluetooth/hci0", "\(root)/class/bluetooth/hci0")
        symlink("../../../1-1:1.0", "\(root)/devices/usb1/1-1/1-1:1.0/bluetooth/hci0/device")
    }

    /// One on a serial line, with a switch.
    func plugSerial() {
        folder("devices/serial0/bluetooth/hci0/rfkill3")
        file("devices/serial0/bluetooth/hci0/rfkill3/soft", "0")
        file("devices/serial0/bluetooth/hci0/rfkill3/hard", "0")
        symlink("../../devices/serial0/bluetooth/hci0", "\(root)/class/bluetooth/hci0")
    }

    /// What a file says at each moment at which it changes, until the work is done.
    func changes(of path: String, _ work: () async throws -> Void) async throws -> [String] {
        let (text, done) = (root + "/" + path, Flag())
        let watching = Task.detached {
            var seen: [String] = []
            while true {
                let isLast = done.isSet.load(ordering: .acquiring)
                if let file = fopen(text, "r") {
                    var buffer = [CChar](repeating: 0, count: 8)
                    if fgets(&buffer, 8, file) != nil {
                        let now = String(
                            decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                        if seen.last != now { seen.append(now) }
                    }
                    fclose(file)
                }
                if isLast { return seen }
                try? await Task.sleep(for: .milliseconds(20))
            }
        }
        try await work()
        done.isSet.store(true, ordering: .releasing)
        return await watching.value
    }
}
