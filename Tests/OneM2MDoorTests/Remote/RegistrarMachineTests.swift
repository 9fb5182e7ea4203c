import JSONText
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("Registration at another CSE, as a machine")
struct RegistrarMachineTests {
    private let base: JSON = ["m2m:cb": ["csi": "/id-in", "ri": "id-in"]]

    private func machine() -> RegistrarMachine {
        RegistrarMachine(lifetime: .seconds(90), checkInterval: .seconds(10), deregisters: true)
    }

    private func registered() -> RegistrarMachine {
        var machine = machine()
        _ = machine.handle(.start)
        _ = machine.handle(.answered(.created, nil))
        _ = machine.handle(.answered(.ok, base))
        return machine
    }

    @Test("The way to a registration")
    func registering() {
        var machine = machine()
        #expect(machine.handle(.start) == [.ask(.create)])
        #expect(machine.handle(.start) == [])
        #expect(machine.handle(.answered(.created, nil)) == [.ask(.inspect)])
        #expect(
            machine.handle(.answered(.ok, base)) == [
                .mirror(["csi": "/id-in", "ri": "id-in"]), .available(true),
                .startTimer(.check, .seconds(10)...(.seconds(10))),
            ])
        #expect(machine.state == .registered)
        #expect(machine.trouble == nil)
    }

    @Test("A registrar that knows us from before", arguments: [4117, 4105, 5106])
    func again(status: Int) {
        var machine = machine()
        _ = machine.handle(.start)
        #expect(machine.handle(.answered(ResponseStatus(rawValue: status), nil)) == [.ask(.update)])
        #expect(machine.handle(.answered(.updated, nil)) == [.ask(.inspect)])
    }

    @Test("Each check looks, and some renew")
    func checking() {
        var machine = registered()
        var asked: [RegistrarMachine.Effect] = []
        for _ in 0..<6 {
            asked += machine.handle(.timer(.check))
            #expect(machine.state == .checking)
            #expect(machine.handle(.answered(.ok, nil)).first == .startTimer(.check, .seconds(10)...(.seconds(10))))
        }
        #expect(asked == [.check, .check, .update, .check, .check, .update].map { .ask($0) })
    }

    @Test("A registrar that was restarted has forgotten us", arguments: [4004, 4103, 4106])
    func forgotten(status: Int) {
        var machine = registered()
        _ = machine.handle(.timer(.check))
        #expect(machine.handle(.answered(ResponseStatus(rawValue: status), nil)) == [.available(false), .ask(.create)])
    }

    @Test("One that is away is tried again, later and later, with half of it jitter, two minutes at most")
    func away() {
        var machine = registered()
        _ = machine.handle(.timer(.check))
        #expect(
            machine.handle(.failed("away")) == [
                .available(false), .cancelTimer(.check), .startTimer(.retry, .milliseconds(500)...(.seconds(1))),
            ])
        #expect(machine.trouble == "away")
        var waits: [RegistrarMachine.Effect] = []
        for _ in 0..<8 {
            #expect(machine.handle(.timer(.retry)) == [.ask(.create)])
            waits += machine.handle(.failed("away")).filter { $0 != .cancelTimer(.check) }
        }
        #expect(waits.last == .startTimer(.retry, .seconds(60)...(.seconds(120))))
        #expect(machine.handle(.tryNow) == [.cancelTimer(.retry), .ask(.create)])
        _ = machine.handle(.answered(.created, nil))
        _ = machine.handle(.answered(.ok, base))
        #expect(machine.trouble == nil)
        #expect(machine.failures == 0)
        #expect(machine.registrations == 2)
    }

    @Test("One that says no is not asked often")
    func refused() {
        var machine = machine()
        _ = machine.handle(.start)
        let effects = machine.handle(.answered(.originatorHasNoPrivilege, ["m2m:dbg": "not on the list"]))
        #expect(effects.contains(.startTimer(.retry, .seconds(150)...(.seconds(300)))))
        #expect(machine.trouble?.contains("not on the list") == true)
    }

    @Test(
        "What is no CSEBase makes no registration",
        arguments: [nil, ["m2m:ae": [:]], ["m2m:cb": []], "text"] as [JSON?])
    func wrong(content: JSON?) {
        var machine = machine()
        _ = machine.handle(.start)
        _ = machine.handle(.answered(.created, nil))
        let effects = machine.handle(.answered(.ok, content))
        #expect(effects.contains { if case .startTimer(.retry, _) = $0 { true } else { false } })
        #expect(!effects.contains(.available(true)))
        #expect(machine.state == .waiting)
    }

    @Test("Stopping takes the registration back, or is done at once where there is none")
    func stopping() {
        var machine = registered()
        #expect(machine.handle(.stop) == [.cancelTimer(.check), .ask(.leave)])
        #expect(
            machine.handle(.answered(.deleted, nil)) == [
                .cancelTimer(.retry), .cancelTimer(.check), .available(false), .stopped,
            ])
        #expect(machine.handle(.start) == [.ask(.create)])
        _ = machine.handle(.failed("away"))
        #expect(machine.handle(.stop).last == .stopped)
        var silent = registered()
        _ = silent.handle(.stop)
        #expect(silent.handle(.failed("no answer")).last == .stopped)
        var kept = RegistrarMachine(lifetime: .seconds(90), checkInterval: .seconds(10), deregisters: false)
        _ = kept.handle(.start)
        _ = kept.handle(.answered(.created, nil))
        _ = kept.handle(.answered(.ok, base))
        #expect(!kept.handle(.stop).contains(.ask(.leave)))
    }

    @Test("Inputs that mean nothing change nothing, in any order")
    func anyOrder() {
        let inputs: [RegistrarMachine.Input] = [
            .start, .stop, .answered(.created, nil), .answered(.ok, base), .answered(.notFound, nil),
            .answered(.conflict, nil), .failed("x"), .timer(.retry), .timer(.check), .tryNow,
        ]
        var generator = SystemRandomNumberGenerator()
        var machine = machine()
        var isAvailable = false
        for _ in 0..<20_000 {
            for effect in machine.handle(inputs.randomElement(using: &generator) ?? .start) {
                if case .available(let now) = effect {
                    #expect(now != isAvailable)
                    isAvailable = now
                }
            }
            let isRegistered = machine.state == .registered || machine.state == .checking || machine.state == .leaving
            #expect(isAvailable == isRegistered)
        }
    }
}
