import CoAPMessages
import NIOCore
import Testing

@testable import CoAP

/// RFC 7641 over a stream, both sides.
@Suite struct ObserveTests {
    /// A handler that accepts every observation and keeps it.
    final class Observed: RequestHandler {
        let observations = Shared<[ServerObservation]>([])
        let cancelled = Shared<[Token]>([])
        let response = Shared(Message(code: .content, payload: [0]))

        func handle(_ request: Message, _ exchange: Exchange) {
            let cancelled = cancelled
            if let observation = exchange.acceptObservation({ cancelled.update { $0.append(request.token) } }) {
                observations.update { $0.append(observation) }
            }
            exchange.respond(response.value)
        }
    }

    static func register(_ token: UInt64, _ path: String = "/x", observe: UInt32 = 0) -> Message {
        var request = Message(code: .get, token: Token(token), path: path)
        request.observe = observe
        return request
    }

    // MARK: As a server

    @Test func numbersRiseStrictlyForEachObservation() throws {
        let observed = Observed()
        let raw = try RawPeer.introduced(handler: observed)
        try raw.send(ObserveTests.register(1))
        try raw.send(ObserveTests.register(2))
        var last: [Token: UInt32] = [:]
        for _ in 0..<2 {
            let response = try #require(try raw.receive())
            last[response.token] = response.observe
        }
        for round in 0..<20 {
            for observation in observed.observations.value {
                // Whatever number the application sets, ours counts.
                var notification = Message(code: .content, payload: [UInt8(round)])
                notification.observe = 1
                observation.notify(notification)
                let sent = try #require(try raw.receive())
                #expect(sent.token == observation.request.token)
                #expect(sent.payload == [UInt8(round)])
                let number = try #require(sent.observe)
                let before = try #require(last[sent.token])
                #expect(number > before)
                last[sent.token] = number
            }
        }
        #expect(observed.cancelled.value.isEmpty)
    }

    @Test func numbersGoOnWhenTheSameTokenRegistersAgain() throws {
        let observed = Observed()
        let raw = try RawPeer.introduced(handler: observed)
        try raw.send(ObserveTests.register(1))
        _ = try raw.receive()
        observed.observations.value[0].notify(Message(code: .content))
        let before = try #require(try raw.receive()?.observe)
        try raw.send(ObserveTests.register(1))
        #expect(try #require(try raw.receive()?.observe) > before)
        #expect(observed.cancelled.value == [Token(1)])
        // The one replaced is dead, its successor lives.
        observed.observations.value[0].notify(Message(code: .content))
        #expect(try raw.receive() == nil)
        observed.observations.value[1].notify(Message(code: .content))
        #expect(try raw.receive()?.token == Token(1))
    }

    @Test func deregistrationEndsIt() throws {
        let observed = Observed()
        let raw = try RawPeer.introduced(handler: observed)
        for token in [1, 2, 3] as [UInt64] {
            try raw.send(ObserveTests.register(token, token == 3 ? "/other" : "/x"))
            _ = try raw.receive()
        }
        // By token.
        try raw.send(ObserveTests.register(1, observe: 1))
        let plain = try #require(try raw.receive())
        #expect(plain.code == .content)
        #expect(plain.observe == nil)
        #expect(observed.cancelled.value == [Token(1)])
        // By resource, as clients do that choose a new token for it.
        try raw.send(ObserveTests.register(77, observe: 1))
        _ = try raw.receive()
        #expect(observed.cancelled.value == [Token(1), Token(2)])
        observed.observations.value[0].notify(Message(code: .content))
        observed.observations.value[1].notify(Message(code: .content))
        #expect(try raw.receive() == nil)
        observed.observations.value[2].notify(Message(code: .content))
        #expect(try raw.receive()?.token == Token(3))
    }

    @Test func errorsEndIt() throws {
        let observed = Observed()
        let raw = try RawPeer.introduced(handler: observed)
        try raw.send(ObserveTests.register(1))
        _ = try raw.receive()
        var failure = Message(code: .notFound)
        failure.observe = 9
        observed.observations.value[0].notify(failure)
        let last = try #require(try raw.receive())
        #expect(last.code == .notFound)
        #expect(last.observe == nil)
        #expect(observed.cancelled.value == [Token(1)])
        // An error as the very response: no observation, and whoever accepted it hears so.
        observed.response.value = Message(code: .forbidden)
        try raw.send(ObserveTests.register(2))
        let refused = try #require(try raw.receive())
        #expect(refused.code == .forbidden)
        #expect(refused.observe == nil)
        #expect(observed.cancelled.value == [Token(1), Token(2)])
    }

    @Test func theEndOfTheConnectionEndsIt() throws {
        let observed = Observed()
        let raw = try RawPeer.introduced(handler: observed)
        try raw.send(ObserveTests.register(1))
        try raw.send(ObserveTests.register(2))
        _ = try raw.channel.finish(acceptAlreadyClosed: true)
        #expect(Set(observed.cancelled.value) == [Token(1), Token(2)])
        observed.observations.value[0].notify(Message(code: .content))
        observed.observations.value[0].end()
        #expect(observed.cancelled.value.count == 2)
    }

    @Test func onlyWhoAsksObserves() throws {
        let observed = Observed()
        let raw = try RawPeer.introduced(handler: observed)
        for request in [
            Message(code: .get, token: Token(1)), ObserveTests.register(2, observe: 1),
            ObserveTests.register(3, observe: 5),
            {
                var post = ObserveTests.register(4)
                post.code = .post
                return post
            }(),
        ] {
            try raw.send(request)
            #expect(try #require(try raw.receive()).observe == nil)
        }
        #expect(observed.observations.value.isEmpty)
    }

    @Test func notificationsWaitForTheResponse() throws {
        let kept = Shared<(ServerObservation, Exchange)?>(nil)
        let raw = try RawPeer.introduced(
            handler: Served { _, exchange in
                if let observation = exchange.acceptObservation({}) { kept.value = (observation, exchange) }
            })
        try raw.send(ObserveTests.register(1))
        let (observation, exchange) = try #require(kept.value)
        observation.notify(Message(code: .content, payload: [1]))
        observation.notify(Message(code: .content, payload: [2]))
        #expect(try raw.receive() == nil)
        exchange.respond(Message(code: .content, payload: [0]))
        let first = try #require(try raw.receive())
        let second = try #require(try raw.receive())
        #expect([first.payload, second.payload] == [[0], [2]])
        #expect(try #require(second.observe) > #require(first.observe))
        kept.value = nil
    }

    @Test func tooManyAreAnsweredPlainly() throws {
        var limits = Limits()
        limits.observations = 2
        let observed = Observed()
        let raw = try RawPeer.introduced(limits: limits, handler: observed)
        for token in 1...3 as ClosedRange<UInt64> { try raw.send(ObserveTests.register(token)) }
        let numbers = [try raw.receive()?.observe, try raw.receive()?.observe, try raw.receive()?.observe]
        #expect(numbers == [2, 2, nil])
        #expect(observed.cancelled.value == [Token(3)])
        // One is given back, another may come.
        observed.observations.value[0].end()
        try raw.send(ObserveTests.register(4))
        #expect(try raw.receive()?.observe == 2)
    }

    @Test func largeNotificationsGoInBlocks() throws {
        let observed = Observed()
        let whole = body(3000)
        let raw = try RawPeer.introduced(as: BlockwiseTests.small, handler: observed)
        try raw.send(ObserveTests.register(1))
        _ = try raw.receive()
        observed.observations.value[0].notify(Message(code: .content, payload: whole))
        let first = try #require(try raw.receive())
        #expect(first.token == Token(1))
        #expect(first.observe != nil)
        #expect(first.block2 == Block(number: 0, more: true, exponent: 6))
        var collected = first.payload
        for number in 1...2 as ClosedRange<UInt32> {
            var request = Message(code: .get, token: Token(50), path: "/x")
            request.block2 = Block(number: number, more: false, exponent: 6)
            try raw.send(request)
            let next = try #require(try raw.receive())
            #expect(next.observe == nil)
            #expect(next.etag == first.etag)
            collected += next.payload
        }
        #expect(collected == whole)
    }

    // MARK: As a client

    @Test func notificationsAreDelivered() throws {
        let seen = Shared<[[UInt8]]>([])
        let raw = try RawPeer.introduced()
        let future = raw.connection.observe(Message(code: .get, path: "/x"), timeout: .seconds(5)) { message in
            seen.update { $0.append(message.payload) }
        }
        let request = try #require(try raw.receive())
        #expect(request.observe == 0)
        var answer = Message(code: .content, token: request.token, payload: [1])
        answer.observe = 12
        try raw.send(answer)
        let observation = try raw.value(future)
        #expect(observation.isAccepted)
        #expect(observation.first.payload == [1])
        for value in 2...4 as ClosedRange<UInt8> {
            // Over a stream the order is that of arrival, whatever the numbers (RFC 8323 §7.1).
            answer.payload = [value]
            answer.observe = value == 3 ? 0 : 13
            try raw.send(answer)
        }
        #expect(seen.value == [[2], [3], [4]])
        observation.cancel()
        let deregistration = try #require(try raw.receive())
        #expect(deregistration.observe == 1)
        #expect(deregistration.token == request.token)
        #expect(deregistration.pathString == "/x")
        #expect(try raw.value(observation.ended) == .cancelled)
        try raw.send(answer)
        #expect(seen.value.count == 3)
    }

    @Test func aServerMayDecline() throws {
        let raw = try RawPeer.introduced()
        let future = raw.connection.observe(Message(code: .get), timeout: .seconds(5)) { _ in }
        try raw.send(Message(code: .content, token: try #require(try raw.receive()).token, payload: [1]))
        let observation = try raw.value(future)
        #expect(!observation.isAccepted)
        #expect(try raw.value(observation.ended) == .refused)
        observation.cancel()
        #expect(try raw.receive() == nil)
    }

    @Test func aServerMayEndIt() throws {
        let raw = try RawPeer.introduced()
        let future = raw.connection.observe(Message(code: .get), timeout: .seconds(5)) { _ in }
        let token = try #require(try raw.receive()).token
        var answer = Message(code: .content, token: token)
        answer.observe = 2
        try raw.send(answer)
        let observation = try raw.value(future)
        try raw.send(Message(code: .notFound, token: token))
        #expect(try raw.value(observation.ended) == .byServer(Message(code: .notFound, token: token)))
    }

    @Test func theConnectionsEndIsToldWithItsReason() throws {
        let raw = try RawPeer.introduced()
        let future = raw.connection.observe(Message(code: .get), timeout: .seconds(5)) { _ in }
        var answer = Message(code: .content, token: try #require(try raw.receive()).token)
        answer.observe = 2
        try raw.send(answer)
        let observation = try raw.value(future)
        try raw.send(Message(code: .abort, payload: Array("enough".utf8)))
        guard case .failed(let error) = try raw.value(observation.ended) else {
            Issue.record("not failed")
            return
        }
        #expect(error.code == .abortedByPeer)
        #expect(error.reason.contains("enough"))
    }

    @Test func largeBodiesAreFetchedAndANewerNotificationWins() throws {
        let seen = Shared<[[UInt8]]>([])
        let raw = try RawPeer.introduced()
        let future = raw.connection.observe(Message(code: .get, path: "/x"), timeout: .seconds(5)) { message in
            seen.update { $0.append(message.payload) }
        }
        let token = try #require(try raw.receive()).token
        func block(_ number: UInt32, _ token: Token, more: Bool, fill: UInt8, observe: UInt32?) throws {
            var answer = Message(code: .content, token: token, payload: [UInt8](repeating: fill, count: 16))
            answer.observe = observe
            answer.etag = [fill]
            answer.block2 = Block(number: number, more: more, exponent: 0)
            try raw.send(answer)
        }
        try block(0, token, more: true, fill: 1, observe: 2)
        let rest = try #require(try raw.receive())
        #expect(rest.observe == nil)
        #expect(rest.token != token)
        #expect(rest.block2 == Block(number: 1, more: false, exponent: 0))
        #expect(raw.result(future) == nil)
        // A notification that comes before the first body is whole is delivered after it.
        try block(0, token, more: false, fill: 2, observe: 3)
        #expect(seen.value.isEmpty)
        try block(1, rest.token, more: false, fill: 1, observe: nil)
        #expect(try raw.value(future).first.payload == [UInt8](repeating: 1, count: 32))
        #expect(seen.value == [[UInt8](repeating: 2, count: 16)])
        // Two large ones: the first is given up for the second.
        try block(0, token, more: true, fill: 3, observe: 4)
        let third = try #require(try raw.receive())
        try block(0, token, more: true, fill: 4, observe: 5)
        let fourth = try #require(try raw.receive())
        try block(1, third.token, more: false, fill: 3, observe: nil)
        try block(1, fourth.token, more: false, fill: 4, observe: nil)
        #expect(seen.value.dropFirst() == [[UInt8](repeating: 4, count: 32)])
        #expect(try raw.value(raw.connection.statistics()).openRequests == 0)
    }

    @Test func bothEndsObserveOverTCP() async throws {
        let observed = Observed()
        try await withLoopback(serving: { _ in observed }) { connection in
            let seen = Shared<[UInt8]>([])
            let observation = try await connection.observe(Message(code: .get, path: "/x"), timeout: patience) {
                message in
                seen.update { $0.append(message.payload[0]) }
            }.get()
            #expect(observation.isAccepted)
            for value in 0..<200 as Range<UInt8> {
                observed.observations.value[0].notify(Message(code: .content, payload: [value]))
            }
            #expect(await eventually { seen.value.count == 200 })
            #expect(seen.value == Array(0..<200))
            observation.cancel()
            #expect(await eventually { observed.cancelled.value.count == 1 })
        }
    }
}
