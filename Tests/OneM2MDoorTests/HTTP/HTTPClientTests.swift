import NIOCore
import NIOHTTP1
import OneLoop
import Testing

@testable import OneM2MDoor

@Suite("The HTTP client's side of connections")
@Loop
struct HTTPClientTests {
    private func client(_ change: (inout HTTPLimits) -> Void = { _ in }) -> HTTPClient {
        var limits = HTTPLimits()
        change(&limits)
        return HTTPClient(limits: limits) { server throws(TransportError) in
            throw TransportError(.refused, "no TLS for \(server.host)")
        }
    }

    private func server(_ service: @escaping HTTPServer.Service) async throws -> (HTTPServer, PointOfAccess) {
        let server = HTTPServer(tls: nil, service: service)
        try await server.start(host: "127.0.0.1", port: 0)
        let port = try #require(server.port)
        return (server, try #require(PointOfAccess("http://127.0.0.1:\(port)")))
    }

    private func code(_ body: () async throws(TransportError) -> Void) async -> TransportError.Code? {
        do throws(TransportError) {
            try await body()
            return nil
        } catch {
            return error.code
        }
    }

    @Test("One connection serves one after another; many at once take a few")
    func reuse() async throws {
        let (server, point) = try await server { request, _ in
            if request.target == "/slow" { try? await Task.sleep(for: .milliseconds(20)) }
            return HTTPAnswer(.ok, body: Array(request.target.utf8))
        }
        let client = client()
        for number in 0..<5 {
            let answer = try await client.send(HTTPRequest(.GET, "/\(number)"), to: point, timeout: .seconds(5))
            #expect(answer.body == Array("/\(number)".utf8))
        }
        #expect(client.connectionCount == 1)
        #expect(server.connectionCount == 1)
        let tasks = (0..<20).map { _ in
            Task { try await client.send(HTTPRequest(.GET, "/slow"), to: point, timeout: .seconds(5)).status.code }
        }
        for task in tasks { #expect(try await task.value == 200) }
        #expect(client.connectionCount == 4)
        client.stop()
        await server.stop()
    }

    @Test("A connection that the server closed meanwhile costs an idempotent request nothing")
    func stale() async throws {
        let (server, point) = try await server { _, _ in HTTPAnswer(.ok) }
        let client = client()
        _ = try await client.send(HTTPRequest(.GET, "/a"), to: point, timeout: .seconds(5))
        await server.stop()
        let again = HTTPServer(tls: nil) { _, _ in HTTPAnswer(.ok, body: [1]) }
        try await again.start(host: "127.0.0.1", port: point.port)
        #expect(try await client.send(HTTPRequest(.GET, "/b"), to: point, timeout: .seconds(5)).body == [1])
        client.stop()
        await again.stop()
    }

    @Test("Nobody there, no answer, a connection that ends early, and no TLS")
    func failures() async throws {
        let client = client()
        let nobody = try #require(PointOfAccess("http://127.0.0.1:1"))
        #expect(
            await code { () async throws(TransportError) in
                _ = try await client.send(HTTPRequest(.GET, "/"), to: nobody, timeout: .seconds(5))
            } == .unreachable)
        let (silent, point) = try await server { _, _ in
            try? await Task.sleep(for: .seconds(60))
            return HTTPAnswer(.ok)
        }
        #expect(
            await code { () async throws(TransportError) in
                _ = try await client.send(HTTPRequest(.POST, "/"), to: point, timeout: .milliseconds(500))
            } == .noAnswer)
        #expect(client.connectionCount == 0)
        let secure = try #require(PointOfAccess("https://127.0.0.1:1"))
        #expect(
            await code { () async throws(TransportError) in
                _ = try await client.send(HTTPRequest(.GET, "/"), to: secure, timeout: .seconds(5))
            } == .refused)
        client.stop()
        await silent.stop()
    }

    @Test("A server that answers too much, or no HTTP")
    func nonsense() async throws {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + String(repeating: "a", count: 100), "hello\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nab",
        ] {
            let listener = try await RawServer.start(answer: answer)
            let client = client { $0.answerBytes = 64 }
            let point = try #require(PointOfAccess("http://127.0.0.1:\(listener.localAddress?.port ?? 0)"))
            let found = await code { () async throws(TransportError) in
                _ = try await client.send(HTTPRequest(.GET, "/"), to: point, timeout: .seconds(5))
            }
            #expect(found == .badAnswer || found == .noAnswer, "\(answer.prefix(40))")
            client.stop()
            try await listener.close()
        }
    }

    @Test("A connection that is reset under a request may have brought it: no answer, not a bad one")
    func reset() async throws {
        let listener = try await RawServer.start(answer: nil)
        let client = client()
        let point = try #require(PointOfAccess("http://127.0.0.1:\(listener.localAddress?.port ?? 0)"))
        for method in [HTTPMethod.POST, .GET] {
            let found = await code { () async throws(TransportError) in
                _ = try await client.send(HTTPRequest(method, "/"), to: point, timeout: .seconds(5))
            }
            #expect(found == .noAnswer)
        }
        client.stop()
        try await listener.close()
    }

    @Test("A queue that is full says so at once")
    func overload() async throws {
        let (server, point) = try await server { _, _ in
            try? await Task.sleep(for: .milliseconds(100))
            return HTTPAnswer(.ok)
        }
        let client = client { limits in
            limits.clientConnections = 1
            limits.clientQueue = 2
        }
        let tasks = (0..<6).map { _ in
            Task {
                await code { () async throws(TransportError) in
                    _ = try await client.send(HTTPRequest(.GET, "/"), to: point, timeout: .seconds(5))
                }
            }
        }
        var codes: [TransportError.Code?] = []
        for task in tasks { codes.append(await task.value) }
        #expect(codes.filter { $0 == .overloaded }.count >= 3)
        #expect(codes.contains(nil))
        client.stop()
        await server.stop()
    }
}
