import Advertising
import BLENodes
import BluetoothLE
import CoAP
import CoAPMessages
import Concentrator
import FlashStore
import Glibc
import Logging
import NIOCore
import NIOPosix
import OCFDoor
import OCFModel
import OneLoop

/// Serves an observer as the cloud's connection does, without TLS.
private struct Server: RequestHandler {
    let device: OCFDevice
    let cloud: Identifier

    func handle(_ request: Message, _ exchange: Exchange) {
        Loop.assumeIsolated { device.handle(request, from: .cloud(.cloud(cloud)), exchange) }
    }
}

/// A gateway's house with one sensor, a socket that its radio reads, and a port that an observer comes to.
@Loop
private final class House {
    let radio: Int32
    let port: Int
    private let nodes: BLENodes
    private let listener: any Channel

    init() async throws {
        var quiet = Logger(label: "bench")
        quiet.logLevel = .warning
        let concentrator = Concentrator()
        let store = try FlashStore.inMemory()
        let device = OCFDevice(
            identity: try await DeviceIdentity.load(from: store), settings: DeviceSettings(),
            concentrator: concentrator, store: store)
        let cloud = Identifier.random()
        device.trustedCloud = cloud
        nodes = BLENodes(
            configuration: BLENodesConfiguration(admission: .knownFormats), concentrator: concentrator, store: nil,
            log: quiet)
        var pair: [Int32] = [0, 0]
        // Keeps messages apart, as the kernel's socket does.
        guard socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &pair) == 0 else {
            fatalError("no pair of sockets can be had")
        }
        radio = pair[0]
        nodes.start(DescriptorSource(pair[1]))
        let server = Server(device: device, cloud: cloud)
        listener = try await CoAPTCP.listen(host: "127.0.0.1", port: 0, group: Loop.group) { _ in server }.get()
        port = listener.localAddress?.port ?? 0
    }
}

/// An LE advertising report of a BTHome thermometer, as a raw socket gives it.
private func report(_ temperature: UInt8) -> [UInt8] {
    let payload: [UInt8] = [2, 1, 6, 7, 0x16, 0xD2, 0xFC, 0x40, 0x02, temperature, 0x09]
    let report = [0x02, 0x01, 0x03, 0x00, 0xB2, 0x18, 0x8D, 0x38, 0xC1, 0xA4, UInt8(payload.count)] + payload + [0xC4]
    return [0x04, 0x3E, UInt8(report.count)] + report
}

/// From the write into the radio's socket until the observer, on a thread of its own, has the notification in hand: parsed,
/// decoded, through the concentrator and the device, as CoAP over a loopback connection, and decoded again.
func measureAdverts(_ samples: Int) async throws -> Latencies {
    let house = try await House()
    let radio = await house.radio
    func send(_ temperature: UInt8) {
        let packet = report(temperature)
        guard write(radio, packet, packet.count) == packet.count else { fatalError("the radio's socket takes nothing") }
    }
    send(0)
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let client = try await CoAPTCP.connect(host: "127.0.0.1", port: await house.port, on: group.next()).get()
    let (told, tell) = AsyncStream.makeStream(of: UInt64.self)
    var notifications = told.makeAsyncIterator()
    // The node's links need their numbers first, which takes a turn of the loop.
    while true {
        let answer = try await client.send(
            .ocfRequest(.get, path: "/ble/A4C1388D18B2/temperature"), timeout: .seconds(5)
        ).get()
        if answer.code == .content { break }
        try await Task.sleep(for: .milliseconds(20))
    }
    _ = try await client.observe(
        .ocfRequest(.get, path: "/ble/A4C1388D18B2/temperature"), timeout: .seconds(5)
    ) { message in
        _ = try? message.representation()
        tell.yield(nanoseconds())
    }.get()
    var latencies = Latencies()
    for sample in 0..<samples {
        // A change that comes within 100 ms of the last notification waits for the end of that time.
        try await Task.sleep(for: .milliseconds(150))
        let start = nanoseconds()
        send(UInt8(1 + sample % 250))
        guard let end = await notifications.next() else { break }
        latencies.add(end - start)
    }
    client.close()
    return latencies
}
