import CoAP
import CoAPMessages
import NIOCore
import Testing

/// Requests and responses over loopback TCP, both ends ours.
@Suite struct ExchangeTests {
    @Test func everyMethodReachesItsHandlerAndComesBack() async throws {
        let served = Served { request, exchange in
            var response = Message(code: request.code == .get ? .content : .changed, payload: request.payload)
            response.payload += Array("\(request.code) \(request.pathString) \(request.query)".utf8)
            exchange.respond(response)
        }
        try await withLoopback(serving: { _ in served }) { connection in
            for code in [Code.get, .post, .put, .delete, .fetch, .patch, .ipatch] {
                let request = Message(code: code, path: "/a/b", query: ["if=x"], payload: code == .get ? [] : [1, 2])
                let response = try await connection.send(request, timeout: patience).get()
                #expect(response.code == (code == .get ? .content : .changed))
                let expected = (code == .get ? [] : [1, 2]) + Array("\(code) /a/b [\"if=x\"]".utf8)
                #expect(response.payload == expected)
            }
        }
    }

    @Test func bothSidesServeWhileTheirOwnRequestsArePending() async throws {
        // Each request is answered with what the asker itself answers: the request of the server comes while that of
        // the client is open.
        let server = Served { request, exchange in
            exchange.connection.send(Message(code: .get, path: "/back"), timeout: patience).whenSuccess { answer in
                exchange.respond(Message(code: .content, payload: answer.payload + [9]))
            }
        }
        let client = Served { _, exchange in exchange.respond(Message(code: .content, payload: [7])) }
        try await withLoopback(clientHandler: client, serving: { _ in server }) { connection in
            let response = try await connection.send(Message(code: .get), timeout: patience).get()
            #expect(response.payload == [7, 9])
        }
    }

    @Test func answersComeInAnyOrderAndFindTheirRequests() async throws {
        let waiting = Shared<[Exchange]>([])
        let served = Served { _, exchange in
            let all = waiting.update { list -> [Exchange] in
                list.append(exchange)
                return list
            }
            guard all.count == 50 else { return }
            for exchange in all.reversed() {
                exchange.respond(Message(code: .content, payload: exchange.request.payload))
            }
        }
        try await withLoopback(serving: { _ in served }) { connection in
            let futures = (0..<50).map { number in
                connection.send(Message(code: .post, payload: [UInt8(number)]), timeout: patience)
            }
            for (number, future) in futures.enumerated() {
                let response = try await future.get()
                #expect(response.payload == [UInt8(number)])
            }
        }
        waiting.value = []
    }
}
