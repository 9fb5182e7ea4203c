import OCFModel
import OneLoop
import TLS
import Testing

@testable import OCFDoor

/// The device owned by a tool that shares no code with it, over DTLS that is not mbedTLS.
@Loop
@Suite(
    .serialized,
    .enabled(
        if: Peers.hasPython && OCFHandshakes.areAvailable,
        "Python with cbor2, cryptography and aiocoap is not installed"))
struct OnboardingPeerTests {
    @Test("owned by just works, and asked with the derived key", .timeLimit(.minutes(1)))
    func justWorks() async throws {
        let house = try await LocalHouse()
        // As long as a person takes: the tool's request waits.
        house.answer = { _ in
            try? await Task.sleep(for: .milliseconds(600))
            return .allowed
        }
        let (status, output) = try await Peers.result(command(house, ["just-works"]))
        #expect(status == 0, "\(output)")
        #expect(output.contains("acknowledged; waiting"), "\(output)")
        #expect(house.security.state.state == .rfnop)
        #expect(house.attempts.map(\.method) == [.justWorks])
        await house.close()
    }

    @Test("owned by the PIN that the device shows", .timeLimit(.minutes(1)))
    func byPIN() async throws {
        let house = try await LocalHouse()
        try await Peers.withFolder { folder in
            house.door.onPIN = { pin in
                if let pin { try? Peers.write(pin, to: "\(folder)/pin") }
            }
            let (status, output) = try await Peers.result(command(house, ["pin", "\(folder)/pin"]))
            #expect(status == 0, "\(output)")
        }
        #expect(house.security.state.state == .rfnop)
        await house.close()
    }

    private func command(_ house: LocalHouse, _ rest: [String]) -> [String] {
        [
            Peers.python, Peers.script("onboarding_tool.py"), Peers.script("../../../TLSTests/Peers"),
            "\(house.door.port ?? 0)", "\(house.door.securePort ?? 0)",
        ] + rest
    }
}
