import CBOR
import Foundation
import JSONText
import OCFModel
import PrivateFiles
import Synchronization
import Testing

@testable import OCFCloud

/// A Python with cbor2, the foreign device's language.
enum Python {
    static let isRequired = ProcessInfo.processInfo.environment["GATEHOUSE_PEERS"] == "required"
    static let path = ProcessInfo.processInfo.environment["GATEHOUSE_PYTHON"] ?? "python3"

    static let isThere: Bool = {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [path, "-c", "import cbor2"]
        process.standardError = FileHandle.nullDevice
        guard (try? process.run()) != nil else { return false }
        process.waitUntilExit()
        return process.terminationStatus == 0
    }()
}

@Suite(
    .enabled(
        if: Python.isThere || Python.isRequired, "no Python with cbor2: set GATEHOUSE_PYTHON to one (pip install cbor2)"
    ))
struct ForeignDeviceTests {
    /// The script under way.
    final class Peer: Sendable {
        private let process = Process()
        private let input = Pipe()
        private let output = Pipe()
        private let rest = Mutex(Data())

        init(_ arguments: [String]) throws {
            let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent(
                "ocf_device.py")
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = [Python.path, script.path] + arguments
            process.standardInput = input
            process.standardOutput = output
            try process.run()
        }

        deinit { process.terminate() }

        func tell(_ line: String) {
            input.fileHandleForWriting.write(Data((line + "\n").utf8))
        }

        /// The next line, which has to be of this step.
        @discardableResult
        func expect(_ step: String) async throws -> JSON {
            let text = try await blocking { [self] in
                try rest.withLock { rest in
                    while true {
                        if let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                            defer { rest = Data(rest[rest.index(after: end)...]) }
                            return String(decoding: rest[..<end], as: UTF8.self)
                        }
                        let more = output.fileHandleForReading.availableData
                        guard !more.isEmpty else { throw CloudError(.peer, "the script ended before \(step)") }
                        rest += more
                    }
                }
            }
            let line = try JSON.parse(text)
            #expect(line["step"]?.string == step)
            return line
        }
    }

    @Test func aDeviceInPythonLivesItsWholeLife() async throws {
        let cloud = try await TestCloud.start()
        let profile = try cloud.profile()
        let directory = cloud.scratch.path + "/peer"
        try PrivateFile.makeDirectory(directory)
        try PrivateFile.write(cloud.trust, to: directory + "/ca.pem")
        try PrivateFile.write(#require(profile.certificate), to: directory + "/device.pem")
        try PrivateFile.write(#require(profile.key), to: directory + "/key.pem")
        let peer = try Peer([
            cloud.uri.host, "\(cloud.uri.port)", cloud.server.id.description, directory + "/ca.pem",
            directory + "/device.pem", directory + "/key.pem", profile.id.description, cloud.token("anna"),
        ])
        let connected = try await peer.expect("connected")
        #expect(connected["cipher"]?.string?.contains("GCM") == true)
        try await peer.expect("signed up")
        try await peer.expect("signed in")
        let instance = try await peer.expect("published")["ins"]?.int

        let client = try await cloud.client("anna")
        let resources = try await client.resources()
        #expect(resources.map(\.href) == ["/\(profile.id)/light/1"])
        #expect(resources.first?.link.instance == instance)
        let href = "/\(profile.id)/light/1"
        #expect(try await client.get(href, query: ["if=oic.if.baseline"]) == ["value": false])
        let values = ObservationTests.Collector(try await client.observe(href))
        try await eventually("the first value") { values.values == [["value": false]] }
        #expect(try await client.post(href, ["value": true]) == ["value": true])
        try await eventually("the change") { values.values.last == ["value": true] }
        peer.tell("set false")
        try await peer.expect("set")
        try await eventually("a change of its own") { values.values.last == ["value": false] }
        peer.tell("refresh")
        try await peer.expect("refreshed")
        #expect(try await client.get(href) == ["value": false])
        values.stop()
        try await peer.expect("deregistered observer")
        peer.tell("end")
        let end = try await peer.expect("end")
        // CSM is the first message (RFC 8323 §5.3); IoTivity-Lite breaks on frames of less than seven bytes.
        #expect(end["first"]?.int == 0xE1)
        #expect((end["shortest"]?.int ?? 0) >= 7)
        // The prefix is gone from every path.
        #expect(end["requests"]?.array?.allSatisfy { $0[1]?.string == "/light/1" } == true)
        await cloud.server.stop()
    }

    @Test func itDeregistersByQueriesAsIoTivityDoes() async throws {
        let cloud = try await TestCloud.start()
        let profile = try cloud.profile()
        let directory = cloud.scratch.path + "/peer"
        try PrivateFile.makeDirectory(directory)
        try PrivateFile.write(cloud.trust, to: directory + "/ca.pem")
        try PrivateFile.write(#require(profile.certificate), to: directory + "/device.pem")
        try PrivateFile.write(#require(profile.key), to: directory + "/key.pem")
        let peer = try Peer([
            cloud.uri.host, "\(cloud.uri.port)", cloud.server.id.description, directory + "/ca.pem",
            directory + "/device.pem", directory + "/key.pem", profile.id.description, cloud.token("anna"),
        ])
        for step in ["connected", "signed up", "signed in", "published"] { try await peer.expect(step) }
        peer.tell("deregister")
        let deregistered = try await peer.expect("deregistered")
        #expect(deregistered["code"]?.string == "2.02")
        try await peer.expect("closed")
        #expect(try cloud.database.devices().isEmpty)
        await cloud.server.stop()
    }
}
