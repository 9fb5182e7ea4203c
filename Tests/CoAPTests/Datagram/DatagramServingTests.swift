import CoAPMessages
import NIOCore
import Testing

@testable import CoAP

/// What an endpoint sends to who asks it, datagram by datagram.
struct DatagramServingTests {
    private let token = Token(7)

    private func get(_ path: String = "/a", observe: UInt32? = nil) -> Message {
        var message = Message(code: .get, token: token, path: path)
        message.observe = observe
        return message
    }

    private func hello(_ request: Message, _ exchange: Exchange) {
        exchange.respond(Message(code: .content, payload: Array("hello".utf8)))
    }

    /// A network whose handler keeps its exchanges.
    private func keeping(_ limits: Limits = .default) -> (FakeNetwork, Shared<[Exchange]>) {
        let kept = Shared<[Exchange]>([])
        return (FakeNetwork(limits) { _, exchange in kept.update { $0.append(exchange) } }, kept)
    }

    // MARK: Answers

    @Test func aPromptAnswerIsPiggyBacked() throws {
        let network = FakeNetwork(serve: hello)
        network.send(.confirmable, 77, get())
        let sent = try #require(network.nextSent())
        #expect(sent.datagram.kind == .acknowledgement)
        #expect(sent.datagram.id == 77)
        #expect(sent.datagram.message.token == token)
        #expect(sent.datagram.message.payload == Array("hello".utf8))
        // From the address it was sent to.
        #expect(sent.remote == FakeNetwork.peer)
        #expect(sent.origin == Origin(address: FakeNetwork.own, interface: 0))
        network.advance(.seconds(300))
        #expect(network.next() == nil)
    }

    @Test func aNonConfirmableRequestGetsANonConfirmableAnswer() throws {
        let network = FakeNetwork(serve: hello)
        network.send(.nonConfirmable, 77, get())
        let sent = try #require(network.next())
        #expect(sent.kind == .nonConfirmable)
        #expect(sent.message.token == token)
        network.advance(.seconds(300))
        #expect(network.next() == nil)
    }

    @Test func aSlowAnswerIsAMessageOfItsOwn() throws {
        let (network, kept) = keeping()
        network.send(.confirmable, 77, get())
        #expect(network.next() == nil)
        network.advance(.milliseconds(199))
        #expect(network.next() == nil)
        network.advance(.milliseconds(1))
        #expect(network.next() == .empty(.acknowledgement, id: 77))
        kept.value[0].respond(Message(code: .content, payload: [1]))
        let response = try #require(network.next())
        #expect(response.kind == .confirmable)
        #expect(response.message.token == token)
        network.advance(.seconds(3))
        #expect(network.next() == response)
        network.send(.empty(.acknowledgement, id: response.id))
        network.advance(.seconds(100))
        #expect(network.next() == nil)
    }

    @Test func aRepetitionGetsTheSameAnswerAndIsServedOnce() throws {
        let served = Shared(0)
        let network = FakeNetwork { _, exchange in
            let count = served.update { count in
                count += 1
                return count
            }
            exchange.respond(Message(code: .changed, payload: [UInt8(count)]))
        }
        let post = Message(code: .post, token: token, path: "/count")
        network.send(.confirmable, 5, post)
        let first = try #require(network.nextSent())
        for _ in 0..<3 {
            network.advance(.seconds(10))
            network.send(.confirmable, 5, post)
            #expect(try #require(network.nextSent()).bytes == first.bytes)
        }
        #expect(served.value == 1)
        network.send(.nonConfirmable, 6, post)
        #expect(network.next() != nil)
        network.send(.nonConfirmable, 6, post)
        #expect(network.next() == nil)
        #expect(served.value == 2)
        // Another peer's message of the same ID is another message.
        network.send(.confirmable, 5, post, from: FakeNetwork.peer.with(port: 40_001))
        #expect(network.next() != nil)
        #expect(served.value == 3)
        #expect(network.endpoint.statistics.duplicates == 4)
    }

    @Test func aRepetitionOfASlowRequestGetsTheEmptyAcknowledgementAgain() throws {
        let (network, kept) = keeping()
        network.send(.confirmable, 5, get())
        network.send(.confirmable, 5, get())
        #expect(network.next() == nil)
        network.advance(.milliseconds(200))
        #expect(network.next() == .empty(.acknowledgement, id: 5))
        network.send(.confirmable, 5, get())
        #expect(network.next() == .empty(.acknowledgement, id: 5))
        #expect(kept.value.count == 1)
        kept.value[0].respond(.content)
        #expect(try #require(network.next()).kind == .confirmable)
    }

    @Test func pingsAndNonsenseAreRejected() {
        let network = FakeNetwork(serve: hello)
        network.send(.empty(.confirmable, id: 9))
        #expect(network.next() == .empty(.reset, id: 9))
        // Confirmable, and no message: a reserved code.
        network.send([0x40, 0x25, 0, 10])
        #expect(network.next() == .empty(.reset, id: 10))
        for silent: [UInt8] in [[], [0x40], [0x50, 0x25, 0, 10], [0x80, 1, 0, 1], [0x60, 0, 0, 1], [0x70, 0, 0, 1]] {
            network.send(silent)
            #expect(network.next() == nil, "\(silent)")
        }
        // A response nobody asked for.
        network.send(.confirmable, 11, Message(code: .content, token: token))
        #expect(network.next() == .empty(.reset, id: 11))
        network.send(.nonConfirmable, 12, Message(code: .content, token: token))
        #expect(network.next() == nil)
        #expect(network.endpoint.statistics.peers == 0)
    }

    @Test func noAnswerGoesToWhoCannotHaveAsked() throws {
        let network = FakeNetwork(serve: hello)
        for remote in [
            FakeNetwork.peer.with(port: 0), FakeNetwork.group.with(port: 5683),
            try #require(DatagramAddress("255.255.255.255", port: 5683)),
            try #require(DatagramAddress("0.0.0.0", port: 1)),
        ] {
            network.send(.confirmable, 1, get(), from: remote)
            #expect(network.next() == nil)
        }
        network.send(.confirmable, 1, get(), to: DatagramAddress("255.255.255.255", port: 0))
        #expect(network.next() == nil)
        // A datagram that fills its room may have been cut off.
        var large = Message(code: .post, token: token)
        large.payload = [UInt8](repeating: 1, count: DatagramSocket.readSize)
        network.send(
            Array(Datagram(kind: .confirmable, id: 1, message: large).encoded().prefix(DatagramSocket.readSize)))
        #expect(network.next() == nil)
    }

    // MARK: Observing

    /// A network with an observer that has proven its address.
    private func observed(_ limits: Limits = .default) throws -> (FakeNetwork, ServerObservation, Shared<Int>) {
        let observation = Shared<ServerObservation?>(nil)
        let cancelled = Shared(0)
        let network = FakeNetwork(limits) { _, exchange in
            observation.value = exchange.acceptObservation { cancelled.update { $0 += 1 } }
            exchange.respond(Message(code: .content, payload: [0]))
        }
        network.send(.confirmable, 1, get(observe: 0))
        let response = try #require(network.next())
        #expect(response.message.observe == 2)
        let accepted = try #require(observation.value)
        accepted.notify(Message(code: .content, payload: [1]))
        let first = try #require(network.next())
        #expect(first.kind == .confirmable)
        #expect(first.message.observe == 3)
        network.send(.empty(.acknowledgement, id: first.id))
        return (network, accepted, cancelled)
    }

    @Test func everyFifthNotificationAsksWhetherAnybodyListens() throws {
        let (network, observation, _) = try observed()
        var kinds: [Datagram.Kind] = []
        for number in UInt8(2)...11 {
            observation.notify(Message(code: .content, payload: [number]))
            let sent = try #require(network.next())
            #expect(sent.message.payload == [number])
            #expect(sent.message.token == token)
            #expect(sent.message.observe == UInt32(number) + 2)
            kinds.append(sent.kind)
            if sent.kind == .confirmable { network.send(.empty(.acknowledgement, id: sent.id)) }
        }
        #expect(kinds.enumerated().filter { $0.element == .confirmable }.map(\.offset) == [4, 9])
    }

    @Test func aResetEndsTheObservation() throws {
        for kind in [Datagram.Kind.nonConfirmable, .confirmable] {
            let (network, observation, cancelled) = try observed()
            var sent: Datagram
            repeat {
                observation.notify(Message(code: .content))
                sent = try #require(network.next())
            } while sent.kind != kind
            network.send(.empty(.reset, id: sent.id))
            #expect(cancelled.value == 1)
            observation.notify(Message(code: .content))
            network.advance(.seconds(200))
            #expect(network.next() == nil)
        }
    }

    @Test func silenceEndsTheObservation() throws {
        let (network, observation, cancelled) = try observed()
        for _ in 0..<5 { observation.notify(Message(code: .content)) }
        for _ in 0..<5 { _ = network.next() }
        // The fifth was confirmable: it is repeated four times, and then the peer is gone.
        network.advance(.seconds(100))
        var repetitions = 0
        while network.next() != nil { repetitions += 1 }
        #expect(repetitions == 4)
        #expect(cancelled.value == 1)
    }

    @Test func oneConfirmableNotificationIsUnderWayAndTheNewestFollows() throws {
        var limits = Limits.default
        limits.datagram.confirmableNotification = 1
        let (network, observation, _) = try observed(limits)
        for number in UInt8(2)...5 { observation.notify(Message(code: .content, payload: [number]), replacing: true) }
        let second = try #require(network.next())
        #expect(second.message.payload == [2])
        #expect(network.next() == nil)
        network.send(.empty(.acknowledgement, id: second.id))
        let last = try #require(network.next())
        #expect(last.message.payload == [5])
        // What says each change is not replaced.
        for number in UInt8(6)...8 { observation.notify(Message(code: .content, payload: [number])) }
        var sent = last
        for number in UInt8(6)...8 {
            network.send(.empty(.acknowledgement, id: sent.id))
            sent = try #require(network.next())
            #expect(sent.message.payload == [number])
        }
    }

    @Test func theLastWordsAreConfirmable() throws {
        let (network, observation, cancelled) = try observed()
        observation.notify(Message(code: .notFound))
        let sent = try #require(network.next())
        #expect(sent.kind == .confirmable)
        #expect(sent.message.code == .notFound)
        #expect(sent.message.observe == nil)
        #expect(cancelled.value == 1)
    }

    // MARK: Multicast

    @Test func aMulticastRequestIsAnsweredAtLeisureFromAnAddressOfOurOwn() throws {
        var waits: Set<Int64> = []
        for _ in 0..<8 {
            let network = FakeNetwork { request, exchange in
                #expect(exchange.isMulticast)
                #expect(exchange.arrival?.interfaceIndex == 3)
                exchange.respond(Message(code: .content, payload: [1]))
            }
            network.send(.nonConfirmable, 1, get(), to: FakeNetwork.group)
            #expect(network.next() == nil)
            var waited: Int64 = 0
            while network.carrier.sent.isEmpty, waited <= 2000 {
                network.advance(.milliseconds(1))
                waited += 1
            }
            #expect(waited <= 2000)
            waits.insert(waited)
            let sent = try #require(network.nextSent())
            #expect(sent.datagram.kind == .nonConfirmable)
            #expect(sent.datagram.message.token == token)
            #expect(sent.origin == Origin(address: nil, interface: 3))
        }
        // Eight random waits of 2,000 are the same with a chance of one in 10^23.
        #expect(waits.count > 1)
    }

    @Test(arguments: [Code.notFound, .badRequest, .internalServerError])
    func anErrorIsNoAnswerToAMulticastRequest(_ code: Code) {
        let network = FakeNetwork { _, exchange in exchange.respond(code, diagnostic: "no") }
        network.send(.nonConfirmable, 1, get(), to: FakeNetwork.group)
        network.advance(.seconds(3))
        #expect(network.next() == nil)
        #expect(network.endpoint.openExchanges == 0)
    }

    @Test func aDroppedMulticastRequestIsForgotten() {
        let dropped = Shared(0)
        let network = FakeNetwork { _, exchange in
            exchange.drop()
            // Too late.
            exchange.respond(Message(code: .content))
            dropped.update { $0 += 1 }
        }
        network.send(.nonConfirmable, 1, get(), to: FakeNetwork.group)
        // One that is let go is the same.
        network.advance(.seconds(3))
        #expect(network.next() == nil)
        #expect(dropped.value == 1)
        #expect(network.endpoint.openExchanges == 0)
        // A unicast request cannot be dropped.
        network.send(.confirmable, 2, get())
        #expect(network.next()?.message.code == .content)
    }

    @Test func nothingElseThanNonConfirmableRequestsIsTakenOfAGroup() {
        let network = FakeNetwork(serve: hello)
        network.send(.confirmable, 1, get(), to: FakeNetwork.group)
        network.send([0x40, 0x25, 0, 10], to: FakeNetwork.group)
        network.send(Datagram.empty(.confirmable, id: 1).encoded(), to: FakeNetwork.group)
        network.send(.confirmable, 1, Message(code: .content, token: token), to: FakeNetwork.group)
        var critical = get()
        critical.options.add(OptionNumber(rawValue: 65_001), [1])
        network.send(.nonConfirmable, 4, critical, to: FakeNetwork.group)
        network.advance(.seconds(3))
        #expect(network.next() == nil)
    }

    @Test func nobodyObservesThroughAGroup() {
        let network = FakeNetwork { _, exchange in
            #expect(exchange.acceptObservation {} == nil)
            exchange.respond(Message(code: .content))
        }
        network.send(.nonConfirmable, 1, get(observe: 0), to: FakeNetwork.group)
        network.advance(.seconds(3))
        #expect(network.next()?.message.observe == nil)
    }

    // MARK: Amplification and limits

    @Test func aForgedRequestDrawsOneBlock() throws {
        let network = FakeNetwork { _, exchange in
            exchange.respond(Message(code: .content, payload: [UInt8](repeating: 1, count: 20_000)))
        }
        network.send(.confirmable, 1, get())
        let sent = try #require(network.nextSent())
        #expect(sent.datagram.message.payload.count == 1024)
        #expect(sent.bytes.count <= 1152)
        network.advance(.seconds(300))
        #expect(network.next() == nil)
    }

    @Test func aForgedObserverDrawsThreeTimesWhatItSent() throws {
        let observation = Shared<ServerObservation?>(nil)
        let network = FakeNetwork { _, exchange in
            observation.value = exchange.acceptObservation {}
            exchange.respond(Message(code: .content, payload: [0]))
        }
        let request = Datagram(kind: .confirmable, id: 1, message: get(observe: 0))
        network.send(request)
        _ = network.next()
        for _ in 0..<20 {
            observation.value?.notify(
                Message(code: .content, payload: [UInt8](repeating: 2, count: 3 * request.encodedLength)),
                replacing: true)
            network.advance(.seconds(20))
        }
        // The response and the first notification; none of its repetitions, and no other.
        #expect(network.next()?.kind == .confirmable)
        #expect(network.next() == nil)
    }

    @Test func strictlyTheAnswerIsBoundedToo() throws {
        var limits = Limits.default
        limits.datagram.strictAmplification = true
        let network = FakeNetwork(limits) { _, exchange in
            exchange.respond(Message(code: .content, payload: [UInt8](repeating: 1, count: 20_000)))
        }
        var request = get("/a/path/of/some/length/that/is/usual")
        let bytes = Datagram(kind: .confirmable, id: 1, message: request).encodedLength
        for id in UInt16(1)...3 {
            network.send(.confirmable, id, request)
            let sent = try #require(network.nextSent())
            #expect(sent.bytes.count <= 3 * bytes)
            let block = try #require(sent.datagram.message.block2)
            #expect(block.more)
            request.block2 = Block(number: block.number + 1, more: false, exponent: block.exponent)
        }
    }

    @Test func peersAreBoundedAndTheIdleGoFirst() throws {
        var limits = Limits.default
        limits.datagram.peers = 4
        let kept = Shared<[Exchange]>([])
        let network = FakeNetwork(limits) { request, exchange in
            if request.pathString == "/keep" { kept.update { $0.append(exchange) } } else { exchange.respond(.content) }
        }
        func peer(_ number: UInt16) -> DatagramAddress { FakeNetwork.peer.with(port: 1000 + number) }
        for number in UInt16(1)...3 { network.send(.nonConfirmable, 1, get("/keep"), from: peer(number)) }
        for number in UInt16(10)...100 {
            network.send(.nonConfirmable, 1, get(), from: peer(number))
            #expect(network.next() != nil)
        }
        #expect(network.endpoint.statistics.peers == 4)
        #expect(network.endpoint.statistics.peersEvicted == 90)
        // Those whom we owe an answer are still there.
        for exchange in kept.value { exchange.respond(.content) }
        for number in UInt16(1)...3 { #expect(network.nextSent()?.remote == peer(number)) }
    }

    @Test func busyStrangersDoNotKeepOthersOut() throws {
        var limits = Limits.default
        limits.datagram.peers = 4
        let kept = Shared<[Exchange]>([])
        let network = FakeNetwork(limits) { _, exchange in kept.update { $0.append(exchange) } }
        for number in UInt16(1)...50 {
            network.send(.nonConfirmable, 1, get(), from: FakeNetwork.peer.with(port: number))
        }
        #expect(kept.value.count == 50)
        #expect(network.endpoint.statistics.peers == 4)
        #expect(network.endpoint.openExchanges == 4)
        kept.value = []
        network.loop.run()
        #expect(network.endpoint.openExchanges == 0)
    }

    @Test func openRequestsOfAllPeersAreBounded() throws {
        var limits = Limits.default
        limits.datagram.openExchanges = 3
        let (network, kept) = keeping(limits)
        for number in UInt16(1)...3 {
            network.send(.nonConfirmable, 1, get(), from: FakeNetwork.peer.with(port: number))
        }
        network.send(.confirmable, 4, get(), from: FakeNetwork.peer.with(port: 4))
        #expect(network.next()?.message.code == .serviceUnavailable)
        network.send(.nonConfirmable, 5, get(), to: FakeNetwork.group)
        network.advance(.seconds(3))
        #expect(network.next() == nil)
        kept.value[0].respond(.content)
        #expect(network.next()?.message.code == .content)
        network.send(.confirmable, 6, get(), from: FakeNetwork.peer.with(port: 4))
        #expect(kept.value.count == 4)
    }

    @Test func idlePeersGoAndTheirHandlersHearOfIt() throws {
        let closed = Shared(0)
        let network = FakeNetwork { _ in
            Served(serve: { _, exchange in exchange.respond(.content) }, closed: { _ in closed.update { $0 += 1 } })
        }
        network.send(.nonConfirmable, 1, get())
        #expect(network.endpoint.statistics.peers == 1)
        network.advance(.seconds(240))
        #expect(closed.value == 0)
        network.advance(.seconds(70))
        #expect(network.endpoint.statistics.peers == 0)
        #expect(closed.value == 1)
        #expect(network.endpoint.statistics.rememberedBytes == 0)
    }

    @Test func bodiesOfAllPeersTogetherAreBounded() throws {
        var limits = Limits.default
        limits.datagram.blockwiseBytes = 10 * 1024
        let network = FakeNetwork(limits, serve: hello)
        var codes: [Code?] = []
        for number in UInt16(1)...12 {
            var put = Message(code: .put, token: token, path: "/a", payload: [UInt8](repeating: 0, count: 1024))
            put.block1 = Block(number: 0, more: true, exponent: 6)
            network.send(.confirmable, 1, put, from: FakeNetwork.peer.with(port: number))
            codes.append(network.next()?.message.code)
        }
        #expect(codes.filter { $0 == .continue }.count == 10)
        #expect(codes.suffix(2) == [.requestEntityTooLarge, .requestEntityTooLarge])
        #expect(network.endpoint.statistics.blockwiseBytes == 10 * 1024)
        // They are dropped when nothing follows.
        network.advance(.seconds(31))
        #expect(network.endpoint.statistics.blockwiseBytes == 0)
    }
}
