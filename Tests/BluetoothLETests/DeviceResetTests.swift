import Glibc
import Synchronization
import Testing

@testable import BluetoothLE

private final class Flag: Sendable {
    let isSet = Atomic(false)
}

/// A sysfs of two files, as the kernel lays it out.
private final class Sysfs {
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

@Suite struct DeviceResetTests {
    private let adapter = AdapterIndex(rawValue: 0)

    @Test func aUSBDeviceIsTakenOffItsBusAndComesBack() async throws {
        let sysfs = try Sysfs()
        sysfs.plugUSB()
        let reset = DeviceReset(root: sysfs.root)
        let means = try #require(reset.means(adapter))
        #expect(means.file.hasSuffix("/devices/usb1/1-1/authorized"))
        let changes = try await sysfs.changes(of: "devices/usb1/1-1/authorized") { try await reset.perform(means) }
        #expect(changes.suffix(2) == ["0", "1"])
    }

    @Test func aSwitchIsTurnedOffAndOn() async throws {
        let sysfs = try Sysfs()
        sysfs.plugSerial()
        let reset = DeviceReset(root: sysfs.root)
        let means = try #require(reset.means(adapter))
        #expect(means == .rfkill("\(sysfs.root)/class/bluetooth/hci0/rfkill3/soft"))
        let changes = try await sysfs.changes(of: "devices/serial0/bluetooth/hci0/rfkill3/soft") {
            try await reset.perform(means)
        }
        #expect(changes.suffix(2) == ["1", "0"])
    }

    @Test func oneThatIsNotThereHasNoSuchRung() throws {
        let sysfs = try Sysfs()
        #expect(DeviceReset(root: sysfs.root).means(adapter) == nil)
        sysfs.plugUSB()
        #expect(DeviceReset(root: sysfs.root).means(AdapterIndex(rawValue: 7)) == nil)
        #expect(AdapterDriver.steps(canReset: false).contains(.resetDevice) == false)
        #expect(AdapterDriver.steps(canReset: true).contains(.resetDevice))
    }

    @Test func aFileThatVanishesMeanwhileIsAnError() async throws {
        let sysfs = try Sysfs()
        sysfs.plugUSB()
        let reset = DeviceReset(root: sysfs.root)
        let means = try #require(reset.means(adapter))
        unlink(means.file)
        await #expect(throws: RadioError.self) { try await reset.perform(means) }
    }
}
