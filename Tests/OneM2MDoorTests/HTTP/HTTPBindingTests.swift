import JSONText
import NIOHTTP1
import OneLoop
import OneM2MPrimitives
import TLS
import Testing

@testable import OneM2MDoor

@Suite("The HTTP binding: origins, forms, conditions")
@Loop
struct HTTPBindingTests {
    private let peer = HTTPPeer(address: "192.0.2.7", isSecure: false, certificate: nil)

    private func json(_ answer: HTTPAnswer) throws -> JSON { try JSON.parse(answer.body) }

    private func header(_ more: HTTPHeaders = [:]) -> HTTPHeaders {
        var headers: HTTPHeaders = ["X-M2M-Origin": "Ca", "X-M2M-RI": "r7", "X-M2M-RVI": "3"]
        headers.add(contentsOf: more)
        return headers
    }

    @Test("What cannot be read is answered with its status, the identifier and a sentence")
    func unreadable() async throws {
        let binding = HTTPBinding(identities: PeerIdentities()) { request, _ in
            Issue.record("it was read")
            return ResponsePrimitive(.ok, requestIdentifier: request.requestIdentifier)
        }
        for (http, status, code) in [
            (HTTPRequest(.GET, "/a%2Fb", headers: header()), 400, "4000"),
            (HTTPRequest(.PATCH, "/a", headers: header()), 405, "4005"),
            (HTTPRequest(.GET, "/a", headers: header(["Accept": "application/xml"])), 406, "5207"),
            (HTTPRequest(.PUT, "/a", headers: header(["Content-Type": "text/html"]), body: [1]), 415, "4015"),
            (HTTPRequest(.GET, "/a?smf=x", headers: header()), 501, "5001"),
        ] {
            let answer = await binding.answer(http, from: peer)
            #expect(answer.status.code == UInt(status))
            #expect(answer.headers["X-M2M-RSC"] == [code])
            #expect(answer.headers["X-M2M-RI"] == ["r7"])
            #expect(answer.headers["X-M2M-RVI"] == ["3"])
            #expect(try json(answer)["m2m:dbg"]?.string?.isEmpty == false)
        }
    }

    @Test("A certificate that speaks for nobody authenticates nobody")
    func origins() async throws {
        var seen: [RequestOrigin] = []
        let binding = HTTPBinding(identities: PeerIdentities(hosts: ["a.example": ["Ca"]])) { request, origin in
            seen.append(origin)
            return ResponsePrimitive(.ok, requestIdentifier: request.requestIdentifier)
        }
        let issuer = try CertificateIssuer.root(
            commonName: "test", key: try PrivateKey.generateP256(), validity: .days(1))
        for names in [["URI:/gw2"], ["a.example"], ["b.example"], []] {
            let key = try PrivateKey.generateP256()
            let leaf = try issuer.issue(
                .init(commonName: "x", publicKey: try key.publicKey(), validity: .days(1), names: names))
            let known = PeerIdentities(hosts: ["a.example": ["Ca"]]).identities(names: leaf.alternativeNames)
            #expect(known == (names == ["URI:/gw2"] ? ["/gw2"] : names == ["a.example"] ? ["Ca"] : []))
        }
        _ = await binding.answer(
            HTTPRequest(.GET, "/a", headers: header()),
            from: HTTPPeer(address: "192.0.2.7", isSecure: true, certificate: nil))
        _ = await binding.answer(HTTPRequest(.GET, "/a", headers: header()), from: peer)
        #expect(seen.map(\.isSecure) == [false, false])
        #expect(seen.map(\.transport) == [.https, .http])
        #expect(seen.map(\.address) == ["192.0.2.7", "192.0.2.7"])
    }

    @Test(
        "Over loopback a name in Host is refused: a page may have led a browser here",
        arguments: [
            ("127.0.0.1:8080", true), ("localhost", true), ("LocalHost:80", true), ("[::1]:8080", true),
            ("192.0.2.1", true), ("evil.example", false), ("evil.example:8080", false),
            ("127.0.0.1.evil.example", false),
            ("", false), ("a b", false),
        ])
    func rebinding(host: String, isTaken: Bool) async {
        let binding = HTTPBinding(identities: PeerIdentities()) { request, _ in
            ResponsePrimitive(.ok, requestIdentifier: request.requestIdentifier)
        }
        let answer = await binding.answer(
            HTTPRequest(.GET, "/a", headers: header(["Host": host])),
            from: HTTPPeer(address: "127.0.0.1", isSecure: false, certificate: nil))
        #expect(answer.headers["X-M2M-RSC"] == [isTaken ? "2000" : "4107"])
        let other = await binding.answer(HTTPRequest(.GET, "/a", headers: header(["Host": host])), from: peer)
        #expect(other.headers["X-M2M-RSC"] == ["2000"])
    }

    @Test("The answer's form, the entity tag, and conditions on it")
    func conditions() async throws {
        var content: JSON = ["m2m:cnt": ["rn": "a", "st": 1]]
        var done: [OneM2MPrimitives.Operation] = []
        let binding = HTTPBinding(identities: PeerIdentities()) { request, _ in
            done.append(request.operation)
            return ResponsePrimitive(
                request.operation == .retrieve ? .ok : .updated, requestIdentifier: request.requestIdentifier,
                content: request.operation == .retrieve ? content : nil)
        }
        let cbor = await binding.answer(
            HTTPRequest(.GET, "/a", headers: header(["Accept": "application/cbor"])), from: peer)
        #expect(cbor.headers["Content-Type"] == ["application/cbor"])
        #expect(try ContentCoding.decode(cbor.body, .cbor) == content)
        let plain = await binding.answer(HTTPRequest(.GET, "/a", headers: header(["Accept": "*/*"])), from: peer)
        #expect(plain.headers["Content-Type"] == ["application/json"])
        let tag = try #require(plain.headers.first(name: "ETag"))
        #expect(cbor.headers["ETag"] == [tag])
        let same = await binding.answer(HTTPRequest(.GET, "/a", headers: header(["If-None-Match": tag])), from: peer)
        #expect(same.status == .notModified)
        #expect(same.body.isEmpty)

        let body = Array("{}".utf8)
        func update(_ tag: String) async -> UInt {
            done = []
            let http = HTTPRequest(
                .PUT, "/a", headers: header(["Content-Type": "application/json", "If-Match": tag]), body: body)
            return await binding.answer(http, from: peer).status.code
        }
        #expect(await update(tag) == 200)
        #expect(done == [.retrieve, .update])
        #expect(await update("\"other\", \(tag)") == 200)
        #expect(await update("*") == 200)
        content = ["m2m:cnt": ["rn": "a", "st": 2]]
        #expect(await update(tag) == 412)
        #expect(done == [.retrieve])
    }
}
