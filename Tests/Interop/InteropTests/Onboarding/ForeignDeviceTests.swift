import Foundation
import Testing

/// The tool with a device that shares no code with it: libcoap's example server, on GnuTLS, by a key. (On OpenSSL
/// it has no suite in common with OCF's for keys.)
@Suite("A device that is not ours")
struct ForeignDeviceTests {
    private static let server = "/usr/bin/coap-server-gnutls"
    private static var hasServer: Bool {
        FileManager.default.isExecutableFile(atPath: server) || Programs.peersAreRequired
    }

    /// A port whose next is free as well, for the server takes both.
    private static func freePorts() -> Int { Int.random(in: 20_000...29_000) * 2 }

    @Test(.enabled(if: hasServer, "coap-server-gnutls is not installed (Debian package libcoap3-bin)"))
    func libcoap() throws {
        let house = try OnboardingHouse()
        let key = house.folder.appending(path: "key")
        try Data("0123456789abcdef".utf8).write(to: key)
        var server: Process?
        var port = 0
        // Another program may have one of the ports; then others are tried.
        for _ in 0..<5 {
            port = Self.freePorts()
            let process = Process()
            process.executableURL = URL(filePath: Self.server)
            process.arguments = ["-A", "127.0.0.1", "-p", "\(port)", "-k", "0123456789abcdef", "-h", "libcoap"]
            process.standardOutput = FileHandle.nullDevice
            process.standardError = FileHandle.nullDevice
            try process.run()
            usleep(300_000)
            if process.isRunning {
                server = process
                break
            }
        }
        let running = try #require(server)
        defer {
            // It takes its time to end when it is asked to.
            kill(running.processIdentifier, SIGKILL)
            running.waitUntilExit()
        }
        let address = "coaps://127.0.0.1:\(port + 1)"
        let known = ["--key-file", key.path, "--key-identity", "tool"]
        let time = try house.run("gatehouse-onboard", ["get", address, "/time"] + known)
        #expect(time.code == 0, "\(time.output)")
        #expect(time.output.contains(":"), "\(time.output)")
        let ticks = try house.run("gatehouse-onboard", ["observe", address, "/time", "--count", "3"] + known)
        #expect(ticks.code == 0, "\(ticks.output)")
        #expect(Set(ticks.output.split(separator: "\n")).count == 3, "\(ticks.output)")
        let missing = try house.run("gatehouse-onboard", ["get", address, "/nothing"] + known)
        #expect(missing.code == 66, "\(missing.output)")
        try Data("another key, wrong".utf8).write(to: key)
        let wrong = try house.run("gatehouse-onboard", ["get", address, "/time"] + known)
        #expect([69, 75, 77].contains(wrong.code), "\(wrong.output)")
    }
}
