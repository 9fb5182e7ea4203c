import CoAP
import CoAPMessages
import NIOCore
import OneLoop
import TLS

/// Asks servers over CoAP: a socket for each server that is asked, kept for a while.
@Loop
public final class CoAPClient {
    /// What DTLS a server is spoken to with; throws when there is none for it.
    public typealias Security = @Loop (PointOfAccess.Server) throws(TransportError) -> DTLSConfiguration

    private struct Known {
        let connection: Connection
        var timer: LoopTimer
        var open = 0
    }

    /// Servers known at once; the next one is refused while all of these are asked.
    static let mostServers = 64
    /// How long a socket is kept that nobody uses. A DTLS session costs its handshake again.
    static let idleTimeout = Duration.seconds(60)

    private let security: Security
    private var known: [PointOfAccess.Server: Known] = [:]
    /// What servers are spoken to with, made once for each: to read the authorities' certificates costs more than a session.
    private var configurations: [PointOfAccess.Server: DTLSConfiguration] = [:]
    private var isStopped = false

    /// A client without sockets.
    public init(security: @escaping Security) {
        self.security = security
    }

    /// Asks, and gives the answer.
    public func send(
        _ message: Message, to point: PointOfAccess, timeout: Duration
    ) async throws(TransportError) -> Message {
        let server = point.server
        let connection = try await connection(to: server)
        known[server]?.open += 1
        defer {
            // One that has failed is forgotten by now, and stays so.
            if known[server]?.connection === connection {
                known[server]?.open -= 1
                keep(server, connection)
            }
        }
        var message = message
        // A name is not in the datagram; a server with several wants to know (RFC 7252 5.10.1).
        if (try? SocketAddress(ipAddress: server.host, port: server.port)) == nil {
            message.options.add(.uriHost, string: server.host)
        }
        do {
            return try await connection.send(message, timeout: TimeAmount(timeout)).get()
        } catch let error as CoAPError {
            switch error.code {
            case .unreachable, .connectFailed, .secureConnectionFailed, .handshakeTimeout, .bindFailed:
                forget(server, connection)
                throw TransportError(.unreachable, error.reason)
            case .tooManyRequests, .tooManyPeers, .messageTooLarge:
                throw TransportError(.overloaded, error.reason)
            case .badResponse, .bodyTooLarge, .blockwiseFailed, .malformedMessage:
                throw TransportError(.badAnswer, error.reason)
            default: throw TransportError(.noAnswer, error.reason)
            }
        } catch {
            throw TransportError(.noAnswer, "\(error)")
        }
    }

    /// Closes every socket.
    public func stop() {
        isStopped = true
        for entry in known.values {
            entry.timer.cancel()
            entry.connection.close()
        }
        known = [:]
    }

    private func connection(to server: PointOfAccess.Server) async throws(TransportError) -> Connection {
        guard !isStopped else { throw TransportError(.refused, "the client is stopped") }
        if let entry = known[server] { return entry.connection }
        if known.count >= Self.mostServers {
            guard let unused = known.first(where: { $0.value.open == 0 }) else {
                throw TransportError(.overloaded, "\(known.count) servers are asked at once already")
            }
            forget(unused.key, unused.value.connection)
        }
        let made: EventLoopFuture<Connection>
        switch server.scheme {
        case .coap:
            made = CoAPUDP.connect(
                host: server.host, port: server.port, on: Loop.eventLoop, handler: OneM2MAnswersUnderstood())
        case .coaps:
            made = CoAPDTLS.connect(
                host: server.host, port: server.port, dtls: try configuration(for: server), on: Loop.eventLoop,
                handler: OneM2MAnswersUnderstood())
        case .http, .https: throw TransportError(.refused, "\(server.host) is not reached over CoAP")
        }
        let connection: Connection
        do {
            connection = try await made.get()
        } catch {
            throw TransportError(.unreachable, (error as? CoAPError)?.reason ?? "\(error)")
        }
        if let other = known[server] {
            connection.close()
            return other.connection
        }
        keep(server, connection)
        connection.closeFuture.whenComplete { [weak self] _ in
            Loop.assumeIsolated { self?.forget(server, connection) }
        }
        return connection
    }

    private func configuration(for server: PointOfAccess.Server) throws(TransportError) -> DTLSConfiguration {
        if let made = configurations[server] { return made }
        // As many as there may be servers; one that is not spoken to now makes room.
        if configurations.count >= Self.mostServers, let unused = configurations.keys.first(where: { known[$0] == nil })
        {
            configurations[unused] = nil
        }
        let made = try security(server)
        configurations[server] = made
        return made
    }

    private func keep(_ server: PointOfAccess.Server, _ connection: Connection) {
        guard !isStopped else { return connection.close() }
        if let entry = known[server], entry.connection !== connection { return }
        known[server]?.timer.cancel()
        let timer = Loop.after(Self.idleTimeout) { [weak self] in
            guard let self, let entry = known[server], entry.connection === connection else { return }
            if entry.open > 0 { keep(server, connection) } else { forget(server, connection) }
        }
        known[server] = Known(connection: connection, timer: timer, open: known[server]?.open ?? 0)
    }

    private func forget(_ server: PointOfAccess.Server, _ connection: Connection) {
        guard let entry = known[server], entry.connection === connection else { return }
        entry.timer.cancel()
        known[server] = nil
        connection.close()
    }
}
