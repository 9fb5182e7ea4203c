import CoAP
import CoAPMessages
import Glibc
import NIOCore
import NIOPosix
import TLS

/// What the compared servers answer with: `/oic/d`, and `/oic/res` in one datagram and in blocks.
struct Device: RequestHandler {
    private let bodies: [String: Message]

    init() {
        bodies = ["/oic/d": 200, "/oic/res": 1000, "/oic/res/all": 4000].mapValues { count in
            var message = Message(
                code: .content, contentFormat: ContentFormat.ocfCBOR, payload: [UInt8](repeating: 0x61, count: count))
            message.ocfContentFormatVersion = OCFVersion.v1_0_0
            return message
        }
    }

    func handle(_ request: Message, _ exchange: Exchange) {
        exchange.respond(bodies[request.pathString] ?? Message(code: .notFound))
    }
}

/// Serves ``Device`` until it is killed, for a load generator of its own process: `coap`, or `coaps` for clients that
/// `security` knows.
func serve(port: Int, security: Security?) async throws {
    let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    let device = Device()
    let endpoint: UDPEndpoint
    if let security {
        // As many as memory is measured with.
        var limits = Limits.default
        limits.datagram.peers = 2000
        let sessions = DTLSLimits(openSessions: 2000)
        endpoint = try await CoAPDTLS.bind(
            host: "127.0.0.1", port: port, server: security.server(), group: group, limits: limits, sessions: sessions
        ) { _ in device }.get().udp
    } else {
        endpoint = try await CoAPUDP.bind(host: "127.0.0.1", port: port, group: group) { _ in device }.get()
    }
    print("listening on port \(endpoint.port)")
    fflush(nil)
    try await endpoint.closeFuture.get()
}
