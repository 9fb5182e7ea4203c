import Testing

@testable import XMPP

@Suite("The connection's machine")
struct ConnectionMachineTests {
    private let a = ServerTarget(host: "a", security: .direct)
    private let b = ServerTarget(host: "b")

    private func machine(_ target: ServerTarget? = nil) -> ConnectionMachine {
        ConnectionMachine(domain: "home", target: target, negotiationTimeout: .seconds(30), closeTimeout: .seconds(2))
    }

    private func feed(_ machine: inout ConnectionMachine, _ input: ConnectionMachine.Input) -> [ConnectionMachine
        .Effect]
    {
        machine.handle(input)
    }

    private let lost = StreamTrouble(.unreachable, "x")

    private func retry(_ effects: [ConnectionMachine.Effect]) -> ClosedRange<Duration>? {
        for case .startTimer(.retry, let range) in effects { return range }
        return nil
    }

    @Test("Looks up, connects to one after the other, negotiates, is online")
    func wholeWay() {
        var machine = machine()
        #expect(feed(&machine, .start) == [.resolve])
        let negotiation = ConnectionMachine.Effect.startTimer(.negotiation, .seconds(30)...(.seconds(30)))
        #expect(feed(&machine, .resolved(.targets([a, b]))) == [.connect(a), negotiation])
        #expect(feed(&machine, .connectFailed(lost)) == [.connect(b), negotiation])
        #expect(feed(&machine, .connected) == [.negotiate])
        #expect(feed(&machine, .online).contains(.cancelTimer(.negotiation)))
        #expect(machine.state == .online)
        #expect(machine.trouble == nil)
        #expect(machine.current == b)
    }

    @Test("Without records the domain itself is the server; a domain that says no is not asked further")
    func resolution() {
        var machine = machine()
        _ = machine.handle(.start)
        #expect(feed(&machine, .resolved(.noRecords)).first == .connect(ServerTarget(host: "home", port: 5222)))
        machine = self.machine()
        _ = machine.handle(.start)
        #expect(retry(feed(&machine, .resolved(.notOffered))) != nil)
        #expect(machine.trouble?.code == .nameNotFound)
        machine = self.machine(a)
        #expect(feed(&machine, .start).first == .connect(a))
    }

    @Test("Waits longer with each failure, up to five minutes; a session that lasted forgets them")
    func backOff() throws {
        var machine = machine(a)
        var effects = machine.handle(.start)
        var waits: [Duration] = []
        for _ in 0..<12 {
            effects = machine.handle(.connectFailed(lost))
            let range = try #require(retry(effects))
            #expect(range.lowerBound * 2 == range.upperBound)
            waits.append(range.upperBound)
            _ = machine.handle(.timer(.retry))
        }
        #expect(waits.map(\.components.seconds) == [1, 2, 4, 8, 16, 32, 64, 128, 300, 300, 300, 300])
        _ = machine.handle(.connected)
        _ = machine.handle(.online)
        #expect(try #require(retry(feed(&machine, .ended(lost)))).upperBound == .seconds(300), "let in and thrown out")
        _ = machine.handle(.timer(.retry))
        _ = machine.handle(.connected)
        _ = machine.handle(.online)
        _ = machine.handle(.timer(.stable))
        #expect(try #require(retry(feed(&machine, .ended(lost)))).upperBound == .seconds(1))
    }

    @Test("While a session can be taken up again, no wait lets it pass")
    func holding() throws {
        var machine = machine(a)
        _ = machine.handle(.start)
        _ = machine.handle(.connected)
        _ = machine.handle(.online)
        machine.holdsSession = true
        var waits: [Duration] = []
        var effects = machine.handle(.ended(lost))
        for _ in 0..<8 {
            waits.append(try #require(retry(effects)).upperBound)
            _ = machine.handle(.timer(.retry))
            effects = machine.handle(.connectFailed(lost))
        }
        #expect(waits.map(\.components.seconds) == [1, 2, 4, 8, 16, 30, 30, 30])
        machine.holdsSession = false
        _ = machine.handle(.timer(.retry))
        #expect(try #require(retry(feed(&machine, .connectFailed(lost)))).upperBound == .seconds(300))
    }

    @Test("Where the server would have its session taken up again is tried first, once, and then the usual servers")
    func preferred() {
        let c = ServerTarget(host: "c")
        var machine = machine()
        _ = machine.handle(.start)
        _ = machine.handle(.resolved(.targets([a])))
        _ = machine.handle(.connected)
        _ = machine.handle(.online)
        machine.preferred = c
        #expect(retry(feed(&machine, .ended(lost))) != nil)
        #expect(feed(&machine, .timer(.retry)).first == .connect(c))
        #expect(feed(&machine, .connectFailed(lost)) == [.resolve])
        #expect(feed(&machine, .resolved(.targets([a]))).first == .connect(a))
        #expect(retry(feed(&machine, .connectFailed(lost))) != nil)
        #expect(feed(&machine, .timer(.retry)) == [.resolve])

        machine = self.machine(a)
        _ = machine.handle(.start)
        machine.preferred = c
        _ = machine.handle(.connectFailed(lost))
        #expect(feed(&machine, .timer(.retry)).first == .connect(c))
        _ = machine.handle(.connected)
        #expect(feed(&machine, .timer(.negotiation)).contains(.connect(a)))
    }

    @Test("What does not mend itself is tried seldom")
    func slow() throws {
        for (code, seconds) in [
            (StreamTrouble.Code.credentialsRefused, 600), (.noMechanism, 600), (.serverNotTrusted, 600),
            (.replaced, 120), (.certificateRefused, 1),
        ] {
            var machine = machine(a)
            _ = machine.handle(.start)
            _ = machine.handle(.connected)
            let effects = machine.handle(.ended(StreamTrouble(code, "x")))
            #expect(try #require(retry(effects)).upperBound == .seconds(seconds))
            #expect(effects.first == .abandon)
            #expect(feed(&machine, .tryNow).contains(.connect(a)), "unless somebody says that it is mended")
        }
    }

    @Test("see-other-host is followed three times, then not")
    func redirects() {
        func error(_ host: String?) -> StreamTrouble {
            StreamTrouble(StreamError(.seeOtherHost, alternative: host))
        }
        var machine = machine(a)
        _ = machine.handle(.start)
        for host in ["c", "d:99", "[::1]:5"] {
            _ = machine.handle(.connected)
            let effects = machine.handle(.ended(error(host)))
            #expect(effects.first == .abandon)
            #expect(effects.contains { if case .connect = $0 { true } else { false } })
        }
        #expect(machine.current == ServerTarget(host: "::1", port: 5, security: .direct))
        _ = machine.handle(.connected)
        #expect(retry(feed(&machine, .ended(error("e")))) != nil)
        #expect(machine.trouble?.code == .serverRefused)
        machine = self.machine(a)
        _ = machine.handle(.start)
        _ = machine.handle(.connected)
        #expect(retry(feed(&machine, .ended(error(nil)))) != nil)
    }

    @Test("Another server of the domain is tried when one refuses or is silent while it is set up")
    func others() {
        var machine = machine()
        _ = machine.handle(.start)
        _ = machine.handle(.resolved(.targets([a, b])))
        _ = machine.handle(.connected)
        #expect(feed(&machine, .timer(.negotiation)).contains(.connect(b)))
        #expect(machine.trouble?.code == .silent)
        _ = machine.handle(.connected)
        #expect(retry(feed(&machine, .ended(StreamTrouble(StreamError(.systemShutdown))))) != nil)
    }

    @Test("Stops in every state")
    func stopping() {
        var machine = machine(a)
        #expect(feed(&machine, .stop).last == .stopped)
        _ = machine.handle(.start)
        #expect(feed(&machine, .stop).contains(.abandon))
        #expect(feed(&machine, .stop).isEmpty)
        #expect(feed(&machine, .timer(.retry)).isEmpty)
        _ = machine.handle(.start)
        _ = machine.handle(.connected)
        _ = machine.handle(.online)
        #expect(feed(&machine, .stop).contains(.part))
        #expect(machine.state == .stopping)
        #expect(feed(&machine, .ended(nil)).last == .stopped)
        _ = machine.handle(.start)
        _ = machine.handle(.connected)
        _ = machine.handle(.online)
        _ = machine.handle(.stop)
        #expect(feed(&machine, .timer(.parting)).suffix(2) == [.abandon, .stopped])
    }

    @Test("An input out of place changes nothing")
    func outOfPlace() {
        var machine = machine(a)
        for input in [
            ConnectionMachine.Input.connected, .online, .timer(.retry), .resolved(.noRecords), .ended(nil), .tryNow,
        ] {
            #expect(feed(&machine, input).isEmpty)
            #expect(machine.state == .idle)
        }
    }
}
