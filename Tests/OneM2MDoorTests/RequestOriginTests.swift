import OneM2MDoor
import Testing

@Suite("Who brought a request")
struct RequestOriginTests {
    @Test(
        "Loopback",
        arguments: [
            ("127.0.0.1", true), ("127.9.9.9", true), ("::1", true), ("::ffff:127.0.0.1", true), ("10.0.0.1", false),
            ("::2", false), ("localhost", false), ("", false),
        ])
    func loopback(address: String, isLoopback: Bool) {
        #expect(RequestOrigin(transport: .http, address: address).isLoopback == isLoopback)
    }

    @Test("An address that is not known is no loopback")
    func unknown() {
        #expect(!RequestOrigin(transport: .http).isLoopback)
    }
}
