import CoAP
import Glibc
import NIOCore
import NIOPosix
import OCFModel
import TLS

/// The tool on the local network, as long as it runs: it answers discovery, so that devices find their DOTS, CMS and AMS,
/// and other tools can check what it hosts before they name it. Devices we own reach it over DTLS by the key they share
/// with us.
public final class ToolService: Sendable {
    private let plain: UDPEndpoint
    private let secure: SecureUDPEndpoint

    /// Opens its sockets.
    ///
    /// - Parameters:
    ///   - port: of plain CoAP; OCF's devices are found at 5683, which several programs may share.
    ///   - host: a local address in numbers; nil for all.
    public static func start(
        _ state: ToolState, host: String? = nil, port: Int = CoAPUDP.defaultPort, securePort: Int = 0,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) async throws -> ToolService {
        let tool = try state.tool()
        let keys = PreSharedKeys { identity in
            Identifier(octets: identity).flatMap { try? state.device(id: $0) }?.key
        }
        do {
            // The hint tells devices whose key is asked for; without the shim they have to guess, as with any other server.
            let configuration = try DTLSConfiguration.server(
                preSharedKeys: keys, identityHint: OCFHandshakes.areAvailable ? tool.id.octets : [])
            let secure = try await CoAPDTLS.bind(host: host, port: securePort, server: configuration, group: group) {
                _ in
                ToolResources(tool)
            }.get()
            let listening = MulticastListening()
            let plain = try await CoAPUDP.bind(
                host: host, port: port, group: group, multicast: host == nil ? listening : nil
            ) { connection in
                let host = connection.channel.localAddress?.numericHost
                return ToolResources(tool) { endpoints(of: host, plain: port, secure: secure.port) }
            }.get()
            return ToolService(plain: plain, secure: secure)
        } catch let error as TLSError {
            throw OnboardingError(.configuration, error.reason)
        } catch {
            throw LinkFault(error, "port \(port)").error
        }
    }

    private init(plain: UDPEndpoint, secure: SecureUDPEndpoint) {
        self.plain = plain
        self.secure = secure
    }

    /// Its port of plain CoAP.
    public var port: Int { plain.port }
    /// Its port of CoAP over DTLS.
    public var securePort: Int { secure.port }

    /// Closes the sockets.
    public func stop() async {
        try? await secure.close().get()
        try? await plain.close().get()
    }

    private static func endpoints(of host: String?, plain: Int, secure: Int) -> [Endpoint] {
        guard let host, host != "0.0.0.0", host != "::" else { return [] }
        let shown = host.prefix { $0 != "%" }
        let bracketed = shown.contains(":") ? "[\(shown)]" : String(shown)
        return [Endpoint("coap://\(bracketed):\(plain)"), Endpoint("coaps://\(bracketed):\(secure)")]
    }
}
