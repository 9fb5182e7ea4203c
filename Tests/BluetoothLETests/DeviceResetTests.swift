import Glibc
import Testing

@testable import BluetoothLE

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
