import CoAPMessages
import Glibc
import NIOCore
import Testing

@testable import CoAP

/// What an endpoint sends to those it asks, datagram by datagram.
struct DatagramAskingTests {
    private let request = Message(code: .get, path: "/a")

    private func answer(_ datagram: Datagram, _ payload: [UInt8] = [1]) -> Message {
        Message(code: .content, token: datagram.message.token, payload: payload)
    }

    @Test func aPiggyBackedAnswerEndsTheExchange() throws {
        let network = FakeNetwork()
        let future = try network.connect().send(request, timeout: .seconds(60))
        let sent = try #require(network.nextSent())
        #expect(sent.datagram.kind == .confirmable)
        #expect(sent.datagram.message.token.count == 8)
        #expect(sent.origin == nil)
        network.send(.acknowledgement, sent.datagram.id, answer(sent.datagram))
        #expect(try network.value(future).payload == [1])
        network.advance(.seconds(100))
        #expect(network.next() == nil)
    }

    @Test func aRequestIsRepeatedWithTheSameBytesAndThenGivenUp() throws {
        let network = FakeNetwork()
        let future = try network.connect().send(request, timeout: .seconds(200))
        let first = try #require(network.nextSent())
        var seconds: [Int] = []
        for second in 1...100 {
            network.advance(.seconds(1))
            while let again = network.nextSent() {
                #expect(again.bytes == first.bytes)
                seconds.append(second)
            }
        }
        #expect(seconds.count == 4)
        #expect((2...3).contains(seconds[0]))
        #expect((30...45).contains(seconds[3]))
        #expect(network.failure(future) == .timeout)
    }

    @Test func anEmptyAcknowledgementStopsTheRepetitionsAndTheAnswerFollows() throws {
        let network = FakeNetwork()
        let future = try network.connect().send(request, timeout: .seconds(200))
        let sent = try #require(network.next())
        network.send(.empty(.acknowledgement, id: sent.id))
        network.advance(.seconds(100))
        #expect(network.next() == nil)
        network.send(.confirmable, 900, answer(sent))
        #expect(network.next() == .empty(.acknowledgement, id: 900))
        #expect(try network.value(future).payload == [1])
        // Its repetition is acknowledged again.
        network.send(.confirmable, 900, answer(sent))
        #expect(network.next() == .empty(.acknowledgement, id: 900))
    }

    @Test func anAnswerBeforeItsAcknowledgementCountsAsBoth() throws {
        let network = FakeNetwork()
        let future = try network.connect().send(request, timeout: .seconds(200))
        let sent = try #require(network.next())
        network.send(.nonConfirmable, 900, answer(sent))
        #expect(try network.value(future).payload == [1])
        network.advance(.seconds(100))
        #expect(network.next() == nil)
    }

    @Test func aResetFailsTheRequest() throws {
        let network = FakeNetwork()
        let future = try network.connect().send(request, timeout: .seconds(200))
        let sent = try #require(network.next())
        network.send(.empty(.reset, id: sent.id))
        #expect(network.failure(future) == .rejected)
        network.advance(.seconds(100))
        #expect(network.next() == nil)
    }

    @Test func oneRequestIsUnderWayAndTheOthersWait() throws {
        let network = FakeNetwork()
        let connection = try network.connect()
        let futures = (0..<3).map { connection.send(Message(code: .get, path: "/\($0)"), timeout: .seconds(100)) }
        let first = try #require(network.next())
        #expect(network.next() == nil)
        // An acknowledgement is enough for the next to go (RFC 7252 §4.7).
        network.send(.empty(.acknowledgement, id: first.id))
        let second = try #require(network.next())
        #expect(second.message.pathString == "/1")
        #expect(second.id == first.id &+ 1)
        #expect(network.next() == nil)
        network.send(.acknowledgement, second.id, answer(second, [2]))
        let third = try #require(network.next())
        network.send(.acknowledgement, third.id, answer(third, [3]))
        network.send(.nonConfirmable, 1, answer(first, [1]))
        #expect(try futures.map { try network.value($0).payload } == [[1], [2], [3]])
        // Another peer's requests do not wait for this one's.
        _ = connection.send(request, timeout: .seconds(100))
        _ = try network.connect(FakeNetwork.peer.with(port: 9)).send(request, timeout: .seconds(100))
        #expect(network.next() != nil)
        #expect(network.nextSent()?.remote.port == 9)
    }

    @Test func moreAreUnderWayWhenThatIsAllowed() throws {
        var limits = Limits.default
        limits.datagram.transmission.simultaneousRequests = 2
        let network = FakeNetwork(limits)
        let connection = try network.connect()
        let futures = (0..<3).map { _ in connection.send(request, timeout: .seconds(10)) }
        let sent = try [#require(network.next()), #require(network.next())]
        #expect(network.next() == nil)
        // A request that is given up makes room.
        network.advance(.seconds(2))
        network.send(.acknowledgement, sent[1].id, answer(sent[1]))
        #expect(network.result(futures[1]) != nil)
        network.advance(.seconds(9))
        #expect(network.failure(futures[0]) == .timeout)
        #expect(network.failure(futures[2]) == .timeout)
        network.carrier.sent = []
        network.advance(.seconds(100))
        #expect(network.next() == nil)
    }

    @Test func messageIDsBeginAnywhere() throws {
        var first: Set<UInt16> = []
        for _ in 0..<8 {
            let network = FakeNetwork()
            _ = try network.connect().send(request, timeout: .seconds(1))
            first.insert(try #require(network.next()).id)
        }
        #expect(first.count > 1)
    }

    @Test func anUnconfirmedRequestGoesOnceAndASilentPeerIsLeftInPeace() throws {
        let network = FakeNetwork()
        let connection = try network.connect()
        let first = connection.sendUnconfirmed(request, timeout: .seconds(5))
        let sent = try #require(network.nextSent())
        #expect(sent.datagram.kind == .nonConfirmable)
        network.advance(.seconds(5))
        #expect(network.failure(first) == .timeout)
        #expect(network.next() == nil)
        // One byte a second: the next one has to wait for as many seconds as the first had bytes.
        let second = connection.sendUnconfirmed(request, timeout: .seconds(100))
        network.advance(.seconds(Int64(sent.bytes.count) - 6))
        #expect(network.next() == nil)
        network.advance(.seconds(1))
        let again = try #require(network.next())
        network.send(.nonConfirmable, 1, answer(again))
        #expect(network.result(second) != nil)
        // It answers, and so gets what there is.
        for _ in 0..<3 {
            let future = connection.sendUnconfirmed(request, timeout: .seconds(5))
            let next = try #require(network.next())
            network.send(.nonConfirmable, next.id, answer(next))
            #expect(network.result(future) != nil)
        }
    }

    @Test func anAnswerFromAnotherPortOfTheHostIsTaken() throws {
        let network = FakeNetwork()
        let connection = try network.connect(FakeNetwork.peer.with(port: 5683))
        let future = connection.send(request, timeout: .seconds(100))
        let sent = try #require(network.next())
        // Another host has no say in it.
        network.send(
            .nonConfirmable, 7, answer(sent), from: DatagramAddress("10.0.0.3", port: 5683) ?? FakeNetwork.peer)
        #expect(network.result(future) == nil)
        network.send(.confirmable, 7, answer(sent), from: FakeNetwork.peer.with(port: 49_152))
        #expect(network.nextSent()?.remote.port == 49_152)
        #expect(try network.value(future).payload == [1])
        network.advance(.seconds(100))
        #expect(network.next() == nil)
    }

    @Test(arguments: [ENETUNREACH, EHOSTUNREACH, EPERM]) func whatCannotBeSentFails(_ error: CInt) throws {
        let network = FakeNetwork()
        network.carrier.error = error
        let connection = try network.connect()
        let future = connection.send(request, timeout: .seconds(100))
        #expect(network.failure(future) == .unreachable)
        network.carrier.error = 0
        let again = connection.send(request, timeout: .seconds(100))
        let sent = try #require(network.next())
        network.send(.acknowledgement, sent.id, answer(sent))
        #expect(network.result(again) != nil)
    }

    @Test func aFullBufferIsALossLikeAnyOther() throws {
        let network = FakeNetwork()
        network.carrier.error = EAGAIN
        let future = try network.connect().send(request, timeout: .seconds(100))
        #expect(network.result(future) == nil)
        network.carrier.error = 0
        network.advance(.seconds(3))
        let sent = try #require(network.next())
        network.send(.acknowledgement, sent.id, answer(sent))
        #expect(network.result(future) != nil)
    }

    @Test func aPingIsAnEmptyMessage() throws {
        let network = FakeNetwork()
        let connection = try network.connect()
        let pong = connection.ping(timeout: .seconds(60))
        let sent = try #require(network.next())
        #expect(sent == .empty(.confirmable, id: sent.id))
        network.send(.empty(.reset, id: sent.id))
        #expect(network.result(pong) != nil)
        let silent = connection.ping(timeout: .seconds(10))
        network.advance(.seconds(10))
        #expect(network.failure(silent) == .timeout)
        let never = connection.ping(timeout: .seconds(1000))
        network.advance(.seconds(100))
        #expect(network.failure(never) == .timeout)
    }

    // MARK: Observing

    private func notification(_ token: Token, _ number: UInt32, _ payload: [UInt8]) -> Message {
        var message = Message(code: .content, token: token, payload: payload)
        message.observe = number
        return message
    }

    @Test func notificationsThatWereOvertakenAreDropped() throws {
        let network = FakeNetwork()
        let seen = Shared<[UInt8]>([])
        let future = try network.connect().observe(request, timeout: .seconds(60)) { message in
            seen.update { $0 += message.payload }
        }
        let sent = try #require(network.next())
        let token = sent.message.token
        network.send(.acknowledgement, sent.id, notification(token, 10, [0]))
        let observation = try network.value(future)
        #expect(observation.isAccepted)
        for (id, (number, payload)) in [(11, 1), (13, 3), (12, 2), (13, 9), (14, 4)].enumerated() {
            network.send(.nonConfirmable, UInt16(id), notification(token, UInt32(number), [UInt8(payload)]))
        }
        #expect(seen.value == [1, 3, 4])
        // After 128 s any number is newer: the server may have begun anew (RFC 7641 §3.4).
        network.advance(.seconds(130))
        network.send(.confirmable, 50, notification(token, 2, [5]))
        #expect(network.next() == .empty(.acknowledgement, id: 50))
        #expect(seen.value == [1, 3, 4, 5])

        observation.cancel()
        let deregistration = try #require(network.next())
        #expect(deregistration.message.observe == 1)
        #expect(deregistration.message.token == token)
        network.send(.acknowledgement, deregistration.id, Message(code: .content, token: token))
        // Who goes on all the same is told to forget it.
        network.send(.nonConfirmable, 60, notification(token, 20, [6]))
        #expect(network.next() == .empty(.reset, id: 60))
        #expect(seen.value == [1, 3, 4, 5])
    }

    @Test func whatComesDuringTheFirstBodyIsDeliveredAfterIt() throws {
        let network = FakeNetwork()
        let seen = Shared<[UInt8]>([])
        let future = try network.connect().observe(request, timeout: .seconds(60)) { message in
            seen.update { $0 += message.payload }
        }
        let sent = try #require(network.next())
        var first = notification(sent.message.token, 5, [UInt8](repeating: 0, count: 1024))
        first.block2 = Block(number: 0, more: true, exponent: 6)
        network.send(.acknowledgement, sent.id, first)
        let next = try #require(network.next())
        #expect(next.message.block2?.number == 1)
        for (id, number) in [6, 8, 7].enumerated() {
            network.send(
                .nonConfirmable, UInt16(id), notification(sent.message.token, UInt32(number), [UInt8(number)]))
        }
        #expect(network.result(future) == nil)
        var last = answer(next, [9])
        last.block2 = Block(number: 1, more: false, exponent: 6)
        network.send(.acknowledgement, next.id, last)
        #expect(try network.value(future).first.payload.count == 1025)
        #expect(seen.value == [6, 8])
    }

    // MARK: Multicast

    private func search(
        _ network: FakeNetwork, _ found: Shared<[MulticastResponse]>, window: TimeAmount = .seconds(3)
    ) -> EventLoopFuture<Int> {
        let promise = network.loop.makePromise(of: Int.self)
        network.endpoint.multicast(
            Message(code: .get, path: "/oic/res"), to: [FakeNetwork.group.with(port: 5683)], on: [3, 4],
            window: window, promise: promise
        ) { response in found.update { $0.append(response) } }
        return promise.futureResult
    }

    @Test func aSearchCollectsWhatComesInTime() throws {
        let network = FakeNetwork()
        let found = Shared<[MulticastResponse]>([])
        let future = search(network, found)
        let sent = try [#require(network.nextSent()), #require(network.nextSent())]
        #expect(sent.map { $0.origin?.interface } == [3, 4])
        #expect(
            sent.allSatisfy { $0.datagram.kind == .nonConfirmable && $0.remote == FakeNetwork.group.with(port: 5683) })
        #expect(sent[0].datagram.message == sent[1].datagram.message)
        let response = answer(sent[0].datagram)
        network.send(.nonConfirmable, 1, response)
        network.send(.nonConfirmable, 1, response)
        network.send(.confirmable, 2, response, from: FakeNetwork.peer.with(port: 9))
        #expect(network.next() == .empty(.acknowledgement, id: 2))
        network.advance(.seconds(2))
        #expect(network.result(future) == nil)
        network.advance(.seconds(1))
        #expect(try network.value(future) == 2)
        #expect(found.value.map { $0.remoteAddress.port } == [40_000, 9])
        network.send(.nonConfirmable, 3, response)
        #expect(found.value.count == 2)
        // Nobody was made a peer of.
        #expect(network.endpoint.statistics.peers == 0)
    }

    @Test func theRestOfALargeAnswerIsFetchedFromItsSender() throws {
        let network = FakeNetwork()
        let found = Shared<[MulticastResponse]>([])
        let future = search(network, found)
        let sent = try #require(network.next())
        _ = network.next()
        var first = answer(sent, [UInt8](repeating: 1, count: 1024))
        first.block2 = Block(number: 0, more: true, exponent: 6)
        network.send(.nonConfirmable, 1, first)
        let next = try #require(network.nextSent())
        #expect(next.remote == FakeNetwork.peer)
        #expect(next.datagram.kind == .confirmable)
        #expect(next.datagram.message.block2 == Block(number: 1, more: false, exponent: 6))
        #expect(next.datagram.message.pathString == "/oic/res")
        network.advance(.seconds(2))
        var last = answer(next.datagram, [2])
        last.block2 = Block(number: 1, more: false, exponent: 6)
        network.send(.acknowledgement, next.datagram.id, last)
        #expect(found.value.first?.message.payload.count == 1025)
        network.advance(.seconds(1))
        #expect(try network.value(future) == 1)
    }

    @Test func aSearchThatCannotBeSentFails() throws {
        let network = FakeNetwork()
        network.carrier.error = ENETUNREACH
        #expect(network.failure(search(network, Shared([]))) == .unreachable)
        #expect(network.endpoint.searches.isEmpty)
    }

    // MARK: Closing

    @Test func theEndFailsEverything() throws {
        let network = FakeNetwork()
        let connection = try network.connect()
        let futures = (0..<3).map { _ in connection.send(request, timeout: .seconds(60)) }
        let pong = connection.ping(timeout: .seconds(60))
        let found = search(network, Shared([]))
        network.endpoint.close()
        #expect(futures.map { network.failure($0) } == [.closedLocally, .closedLocally, .closedLocally])
        #expect(network.failure(pong) == .closedLocally)
        #expect(network.failure(found) == .closedLocally)
        #expect(network.result(connection.closeFuture) != nil)
        #expect(network.carrier.isClosed)
        #expect(network.failure(connection.send(request, timeout: .seconds(1))) == .closedLocally)
    }

    @Test func aClosedConnectionMakesWayForANewOne() throws {
        let network = FakeNetwork()
        let first = try network.connect()
        #expect(try network.connect() === first)
        first.close()
        #expect(network.result(first.closeFuture) != nil)
        #expect(!first.channel.isActive)
        let second = try network.connect()
        #expect(second !== first)
        second.channel.close(promise: nil)
        #expect(network.result(second.closeFuture) != nil)
        #expect(network.endpoint.statistics.peers == 0)
    }
}
