import Testing

@testable import OCFCloud

@Suite struct ConfigurationTests {
    @Test func theExampleUncommentedIsTheDefault() throws {
        let text = ConfigurationFile.example()
        let active =
            text.split(separator: "\n").map { line in
                line.hasPrefix("# ") && line.contains(" = ") && !line.contains("\"…\"") && !line.hasSuffix(".")
                    ? String(line.dropFirst(2)) : String(line)
            }.joined(separator: "\n")
        #expect(active.contains("\nport = 5684\n"))
        let read = try ConfigurationFile.read(active, file: "example")
        let standard = ServerConfiguration()
        #expect(read.limits == standard.limits)
        #expect(read.lifetimes == standard.lifetimes)
        #expect(read.port == standard.port && read.pingAfter == standard.pingAfter)
        #expect(read.clientCertificate == standard.clientCertificate)
    }

    @Test func valuesAreTaken() throws {
        let read = try ConfigurationFile.read(
            """
            [server]
            port = 1234
            public_uri = "coaps+tcp://[::1]:99"
            [tls]
            client_certificate = "optional"
            [accounts]
            access_token_life = 0
            """, file: "f")
        #expect(read.port == 1234)
        #expect(read.publicURI == "coaps+tcp://[::1]:99")
        #expect(read.clientCertificate == .optional)
        #expect(read.lifetimes.access == nil)
    }

    @Test func everyMistakeIsNamedWithItsLine() throws {
        let text = """
            [server]
            port = 70000
            prot = 5684
            public_uri = "http://x"

            [limits]
            connections = "many"
            [sever]
            port = 1
            [tls]
            key = "k"
            """
        do {
            _ = try ConfigurationFile.read(text, file: "cloud.toml")
            Issue.record("it was accepted")
        } catch let error as CloudError {
            #expect(error.code == .configuration)
            let lines = Set(error.reason.split(separator: "\n").map { $0.split(separator: " ")[0] })
            #expect(
                lines == [
                    "cloud.toml:2:", "cloud.toml:3:", "cloud.toml:4:", "cloud.toml:7:", "cloud.toml:8:",
                    "cloud.toml:10:",
                ])
        }
        #expect(throws: CloudError.self) { _ = try ConfigurationFile.read("[server\n", file: "f") }
    }

    @Test(arguments: [
        ("coaps+tcp://cloud.example:5684", "coaps+tcp://cloud.example:5684"),
        ("coaps+tcp://cloud.example", "coaps+tcp://cloud.example:5684"),
        ("coaps+tcp://[::1]:1/", "coaps+tcp://[::1]:1"), ("coap+tcp://127.0.0.1", "coap+tcp://127.0.0.1:5683"),
    ])
    func cloudURIs(text: String, canonical: String) throws {
        #expect(try CloudURI(text).description == canonical)
    }

    @Test(arguments: [
        "", "cloud.example:5684", "coaps://cloud.example", "coaps+tcp://", "coaps+tcp://h:0", "coaps+tcp://h:x",
        "coaps+tcp://[::1", "coaps+tcp://a/b", "coaps+tcp://h:65536",
    ])
    func noCloudURIs(text: String) {
        #expect(throws: CloudError.self) { _ = try CloudURI(text) }
    }
}
