import Foundation
import NIOCore
import NIOHTTP1
import OneLoop
import Testing

@testable import OneM2MDoor

@Suite("The HTTP server's side of connections")
@Loop
struct HTTPServerTests {
    /// A server that answers with method, target and body.
    private func server(_ change: (inout HTTPLimits) -> Void = { _ in }) async throws -> (HTTPServer, Int) {
        var limits = HTTPLimits()
        change(&limits)
        let server = HTTPServer(tls: nil, limits: limits) { request, _ in
            if request.target == "/slow" { try? await Task.sleep(for: .milliseconds(50)) }
            return HTTPAnswer(
                .ok, body: Array("<\(request.method.rawValue) \(request.target) \(request.body.count)>".utf8))
        }
        try await server.start(host: "127.0.0.1", port: 0)
        return (server, try #require(server.port))
    }

    private func exchange(
        _ bytes: String, until text: String? = nil, times: Int = 1,
        limits: (inout HTTPLimits) -> Void = { _ in }
    ) async throws -> String {
        let (server, port) = try await server(limits)
        let answer = try await RawConnection.talk(to: port) { connection in
            connection.send(bytes)
            return connection.receive(until: text, times: times)
        }
        await server.stop()
        return answer
    }

    @Test("Requests in one piece are answered in order, and the connection is kept")
    func pipelining() async throws {
        let requests = (0..<40).map { "GET /\($0 == 3 ? "slow" : "\($0)") HTTP/1.1\r\nHost: x\r\n\r\n" }.joined()
        let answer = try await exchange(requests, until: "<GET /39 0>")
        let places = try (0..<40).map { number in
            try #require(answer.range(of: number == 3 ? "<GET /slow 0>" : "<GET /\(number) 0>")).lowerBound
        }
        #expect(places == places.sorted())
        #expect(!answer.contains("Connection: close"))
    }

    @Test("A body by length and in chunks; HTTP/1.0 and close end the connection")
    func bodies() async throws {
        let length = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello"
        let chunks = "POST /b HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n"
        let last = "GET /c HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        let answer = try await exchange(length + chunks + last)
        for part in ["<POST /a 5>", "<POST /b 5>", "<GET /c 0>", "Connection: close"] {
            #expect(answer.contains(part), "\(part)")
        }
        #expect(try await exchange("GET /old HTTP/1.0\r\n\r\n").contains("<GET /old 0>"))
    }

    @Test("A client that has nothing more to say still gets its answer")
    func halfClosed() async throws {
        let (server, port) = try await server()
        let answer = try await RawConnection.talk(to: port) { connection in
            connection.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            connection.endInput()
            return connection.receive()
        }
        #expect(answer.contains("<GET /slow 0>"))
        await server.stop()
    }

    @Test("100-continue")
    func expectation() async throws {
        let (server, port) = try await server()
        let answers = try await RawConnection.talk(to: port) { connection in
            connection.send("PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n")
            let first = connection.receive(until: "\r\n\r\n")
            connection.send("hi")
            return [first, connection.receive(until: ">")]
        }
        #expect(answers[0].contains("100 Continue"))
        #expect(answers[1].contains("<PUT /a 2>"))
        await server.stop()
    }

    @Test(
        "What could be read as two different messages, or is none, is refused and the connection closed",
        arguments: [
            (
                "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nGET /smuggled",
                "400"
            ),
            (
                "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /smuggled",
                "400"
            ),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nContent-Length: 5\r\n\r\nabcde", "400"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1e3\r\n\r\n", "400"),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", "501"),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", "400"),
            ("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\n\r\n", "400"), ("GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", "400"),
            ("GET / HTTP/2.0\r\nHost: x\r\n\r\n", ""), ("nonsense\r\n\r\n", "400"),
            ("\u{16}\u{3}\u{1}\0\u{5}hello\r\n\r\n", "400"),
            ("GET / HTTP/1.1\r\nHost: x\r\nX: a\u{0}b\r\n\r\n", "400"),
        ])
    func refused(bytes: String, status: String) async throws {
        let answer = try await exchange(bytes + "\r\n\r\nGET /after HTTP/1.1\r\nHost: x\r\n\r\n")
        #expect(answer.hasPrefix(status.isEmpty ? "HTTP/1.1 " : "HTTP/1.1 \(status)"), "\(answer.prefix(60))")
        #expect(!answer.contains("smuggled"))
        #expect(!answer.contains("/after"))
    }

    @Test("Limits of header, target and body")
    func limits() async throws {
        let head = "GET / HTTP/1.1\r\nHost: x\r\n"
        #expect(try await exchange(head + "X: \(String(repeating: "a", count: 20_000))\r\n\r\n").contains(" 431 "))
        let many = (0..<100).map { "X-\($0): a\r\n" }.joined()
        #expect(try await exchange(head + many + "\r\n").contains(" 431 "))
        let long = String(repeating: "a", count: 5_000)
        #expect(try await exchange("GET /\(long) HTTP/1.1\r\nHost: x\r\n\r\n").contains(" 414 "))
        #expect(
            try await exchange("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 300000\r\n\r\n").contains(" 413 "))
        let chunk = String(repeating: "b", count: 0x8000)
        let chunks = (0..<9).map { _ in "8000\r\n\(chunk)\r\n" }.joined()
        #expect(
            try await exchange("PUT / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
                .contains(" 413 "))
    }

    @Test("Half a head and half a body have a time to end; a silent connection goes")
    func slowness() async throws {
        func short(_ limits: inout HTTPLimits) {
            limits.headTimeout = .milliseconds(400)
            limits.bodyTimeout = .milliseconds(400)
            limits.idleTimeout = .milliseconds(600)
            limits.farewellTimeout = .milliseconds(200)
        }
        #expect(try await exchange("GET / HTTP/1.1\r\nHo", limits: short).contains(" 408 "))
        #expect(
            try await exchange("PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf", limits: short)
                .contains(" 408 "))
        #expect(try await exchange("", limits: short).isEmpty)
        #expect(try await exchange("GET /a HTTP/1.1\r\nHost: x\r\n\r\n", limits: short).contains("<GET /a 0>"))
    }

    @Test("So many connections of one address, and no more; those that go make room")
    func connections() async throws {
        let (server, port) = try await server { limits in limits.connectionsPerAddress = 8 }
        var held = try (0..<8).map { _ in try RawConnection(port: port) }
        while server.connectionCount < 8 { try await Task.sleep(for: .milliseconds(5)) }
        let refused = try await RawConnection.talk(to: port) { connection in
            connection.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.receive()
        }
        #expect(refused.isEmpty)
        #expect(server.counters.connectionsRefused == 1)
        held.removeLast().close()
        while server.connectionCount > 7 { try await Task.sleep(for: .milliseconds(5)) }
        let answer = try await RawConnection.talk(to: port) { connection in
            connection.send("GET /in HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.receive(until: ">")
        }
        #expect(answer.contains("<GET /in 0>"))
        for connection in held { connection.close() }
        await server.stop()
    }

    @Test("A flood of requests in one connection is answered or cut, and the server lives on")
    func flood() async throws {
        let (server, port) = try await server()
        let flood = String(repeating: "GET /f HTTP/1.1\r\nHost: x\r\n\r\n", count: 20_000)
        let served = try await RawConnection.talk(to: port) { connection in
            DispatchSend.detached { connection.send(flood) }
            return connection.receive(until: "<GET /f 0>", times: 200).components(separatedBy: "<GET /f 0>").count - 1
        }
        #expect(served >= 200)
        let after = try await RawConnection.talk(to: port) { connection in
            connection.send("GET /after HTTP/1.1\r\nHost: x\r\n\r\n")
            return connection.receive(until: ">")
        }
        #expect(after.contains("/after"))
        await server.stop()
    }
}
