import JSONText
import NIOHTTP1
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("HTTP requests as primitives (TS-0009 6.2, 6.4)")
struct HTTPRequestMappingTests {
    private func request(
        _ method: HTTPMethod, _ target: String, _ headers: HTTPHeaders = [:], body: String = ""
    ) throws(OneM2MError) -> RequestPrimitive {
        try HTTPRequestMapping.request(HTTPRequest(method, target, headers: headers, body: Array(body.utf8)))
    }

    private func status(
        _ method: HTTPMethod, _ target: String, _ headers: HTTPHeaders = [:], body: String = ""
    ) -> Int? {
        do throws(OneM2MError) {
            _ = try request(method, target, headers, body: body)
            return nil
        } catch {
            return error.status.rawValue
        }
    }

    @Test("The three forms of an address, and what is no path")
    func addresses() throws {
        #expect(try request(.GET, "/cse-gw1/lock12").to == "cse-gw1/lock12")
        #expect(try request(.GET, "/-/lock12").to == "-/lock12")
        #expect(try request(.GET, "/~/gw1/cse-gw1/lock12").to == "/gw1/cse-gw1/lock12")
        #expect(try request(.GET, "/_/sp.example.com/gw1/c4f").to == "//sp.example.com/gw1/c4f")
        #expect(try request(.GET, "/cse-gw1/").to == "cse-gw1")
        #expect(try request(.GET, "/caf%C3%A9").to == "café")
        for bad in ["cse-gw1", "*", "/a%2Fb", "/a%2", "/a%GG", "/a%00", "/%FF", "//gw1/a", "/~//sp/gw1", "/a//b"] {
            #expect(status(.GET, bad) == 4000)
        }
        for text in ["cse-gw1/lock12", "/gw1/cse-gw1", "//sp/gw1/c4f", "a b/ü"] {
            #expect(try request(.GET, HTTPTarget.path(address: text)).to == text)
        }
    }

    @Test("The absolute form of a target, of the host that Host names")
    func absoluteForm() throws {
        let host: HTTPHeaders = ["Host": "gw.example:8080"]
        #expect(try request(.GET, "http://gw.example:8080/cse-gw1/a", host).to == "cse-gw1/a")
        let query = try request(.GET, "HTTP://GW.example:8080/~/gw1/a?rcn=4", host)
        #expect(query.to == "/gw1/a" && query.resultContent == .attributesAndChildResources)
        #expect(status(.GET, "http://gw.example/cse-gw1/a", host) == 4000)
        #expect(status(.GET, "http://gw.example:8080/cse-gw1/a") == 4000)
        #expect(status(.GET, "http://gw.example:8080", host) == 4000)
        #expect(status(.GET, "ftp://gw.example:8080/a", host) == 4000)
    }

    @Test("Methods and the type of POST")
    func methods() throws {
        let json = "{}"
        let create = try request(.POST, "/x", ["Content-Type": "application/json;ty=3"], body: json)
        #expect(create.operation == .create)
        #expect(create.resourceType == .container)
        let spaced = try request(
            .POST, "/x", ["content-type": "Application/vnd.oneM2M-res+json ; charset=utf-8; ty=4"], body: json)
        #expect(spaced.resourceType == .contentInstance)
        let notify = try request(.POST, "/x", ["Content-Type": "application/json"], body: json)
        #expect(notify.operation == .notify)
        #expect(notify.resourceType == nil)
        #expect(try request(.GET, "/x").operation == .retrieve)
        #expect(try request(.DELETE, "/x").operation == .delete)
        #expect(
            try request(.PUT, "/x", ["Content-Type": "application/cbor"], body: "\u{A0}".dropLast().description)
                .operation == .update)
        for method in [HTTPMethod.PATCH, .HEAD, .OPTIONS, .TRACE, .CONNECT] { #expect(status(method, "/x") == 4005) }
        #expect(status(.POST, "/x", ["Content-Type": "application/json;ty=cnt"], body: json) == 4000)
        #expect(status(.POST, "/x", ["Content-Type": "application/xml;ty=3"], body: "<a/>") == 4015)
        #expect(status(.POST, "/x", ["Content-Type": "nonsense"], body: json) == 4015)
        #expect(status(.POST, "/x", [:], body: json) == 4015)
        #expect(status(.POST, "/x", ["Content-Type": "application/json;ty=3"], body: "{") == 4000)
        #expect(status(.PUT, "/x", ["Content-Type": "application/cbor"], body: "\u{7F}") == 4000)
    }

    @Test("Header fields")
    func header() throws {
        let request = try request(
            .GET, "/x",
            [
                "X-M2M-Origin": "Cphone", "X-M2M-RI": "r1", "X-M2M-RVI": "3", "X-M2M-GID": "g",
                "X-M2M-OT": "20261126T151610",
                "X-M2M-RET": "5000", "X-M2M-RST": "20261126T151620", "X-M2M-OET": "20261126T151615", "X-M2M-EC": "4",
                "X-M2M-VSI": "v", "X-M2M-RTU": "http://a/b&coap://c",
            ])
        #expect(request.from == "Cphone")
        #expect(request.requestIdentifier == "r1")
        #expect(request.releaseVersion == "3")
        #expect(request.groupRequestIdentifier == "g")
        #expect(request.originatingTimestamp == OneM2MTime("20261126T151610"))
        #expect(request.requestExpiration == .after(5000))
        #expect(request.resultExpiration == .at(try #require(OneM2MTime("20261126T151620"))))
        #expect(request.operationExecutionTime == .at(try #require(OneM2MTime("20261126T151615"))))
        #expect(request.eventCategory == 4)
        #expect(request.vendorInformation == "v")
        #expect(request.notificationURIs == ["http://a/b", "coap://c"])
        #expect(try self.request(.GET, "/x", ["X-M2M-Origin": ""]).from == nil)
        #expect(status(.GET, "/x", ["X-M2M-Origin": "a", "x-m2m-origin": "b"]) == 4000)
        #expect(status(.GET, "/x", ["X-M2M-RET": "soon"]) == 4000)
        #expect(status(.GET, "/x", ["X-M2M-EC": "high"]) == 4000)
        #expect(status(.GET, "/x", ["X-M2M-AS": "s"]) == 5001)
    }

    @Test(
        "Authorization: tokens joined with +, with and without Bearer; other schemes give nothing",
        arguments: [
            ("a.b.c", ["a.b.c"]), ("a.b.c+d.e.f.g.h", ["a.b.c", "d.e.f.g.h"]), ("Bearer a.b.c", ["a.b.c"]),
            ("bearer a.b.c+d.e.f", ["a.b.c", "d.e.f"]), ("a.b.c + d.e.f", ["a.b.c", "d.e.f"]),
            ("Basic dXNlcjpwYXNz", []), ("Digest realm=\"x\"", []),
        ])
    func tokens(field: String, expected: [String]) throws {
        #expect(try request(.GET, "/x", ["Authorization": field]).tokens == expected)
    }

    @Test("Tokens that are not taken")
    func badTokens() {
        #expect(status(.GET, "/x", ["Authorization": "a.b.c+"]) == 4000)
        #expect(status(.GET, "/x", ["Authorization": "a.b.c", "authorization": "d.e.f"]) == 4000)
        #expect(
            status(.GET, "/x", ["Authorization": Array(repeating: "a.b.c", count: 33).joined(separator: "+")]) == 4000)
        #expect(status(.GET, "/x?tkns=a.b.c") == 4000)
    }

    @Test("The query: parameters, lists, filter criteria, attributes")
    func query() throws {
        let request = try request(
            .GET,
            "/x?fu=1&ty=3+4&ty=28&lbl=a%2Bb+c&lim=5&rcn=6&drt=2&cr=Sam&rids=a@b+c@d&tids=t@x&ltids=l1+l2&tqi=true&da=false"
                + "&rp=3000&rt=3&atrl=lbl+cr&crb=20261126T151610&cty=text%2Fplain:0")
        let criteria = request.filterCriteria
        #expect(criteria.usage == .discovery)
        #expect(criteria.types == [.container, .contentInstance, .flexContainer])
        #expect(criteria.labels == ["a+b", "c"])
        #expect(criteria.limit == 5)
        #expect(criteria.attributes == [.init(name: "cr", value: "Sam")])
        #expect(criteria.createdBefore == OneM2MTime("20261126T151610"))
        #expect(criteria.contentTypes == ["text/plain:0"])
        #expect(request.resultContent == .childResourceReferences)
        #expect(request.discoveryResultType == .unstructured)
        #expect(request.roleIDs == ["a@b", "c@d"])
        #expect(request.tokenIDs == ["t@x"])
        #expect(request.localTokenIDs == ["l1", "l2"])
        #expect(request.tokenRequestIndicator == true)
        #expect(request.deliveryAggregation == false)
        #expect(request.resultPersistence == .after(3000))
        #expect(request.attributeList == ["lbl", "cr"])
        for bad in ["rcn=99", "rt=x", "=3", "tqi=maybe", "lbl=", "crb=noon", "a=%2"] {
            #expect(status(.GET, "/x?\(bad)") == 4000, "\(bad)")
        }
        for unknown in ["asi=true", "sqi=true", "smf=x", "c.cr=Sam", "p.lbl=hall"] {
            #expect(status(.GET, "/x?\(unknown)") == 5001, "\(unknown)")
        }
        #expect(status(.GET, "/x?" + Array(repeating: "a=b", count: 97).joined(separator: "&")) == 4000)
    }

    @Test("A whole primitive as body, and what must not contradict it")
    func whole() throws {
        let type: HTTPHeaders = ["Content-Type": "application/vnd.onem2m-preq+json", "X-M2M-Origin": "Ca"]
        let body =
            #"{"op":1,"to":"-/a","fr":"Ca","rqi":"1","rvi":"3","ty":4,"pc":{"m2m:cin":{"con":"1"}},"tkns":["x.y.z"]}"#
        let request = try request(.POST, "/", type, body: body)
        #expect(request.operation == .create)
        #expect(request.to == "-/a")
        #expect(request.tokens == ["x.y.z"])
        #expect(try self.request(.POST, "/-/a", type, body: body) == request)
        #expect(status(.POST, "/-/b", type, body: body) == 4000)
        #expect(status(.GET, "/-/a", type, body: body) == 4005)
        #expect(
            status(.POST, "/", ["Content-Type": "application/vnd.onem2m-preq+json", "X-M2M-Origin": "Cb"], body: body)
                == 4000)
        #expect(status(.POST, "/", ["Content-Type": "application/vnd.onem2m-prsp+json"], body: body) == 4015)
    }

    @Test("Ours to others and back is the same")
    func roundTrip() throws {
        var request = RequestPrimitive(
            .create, to: "/id-in/cse-in/a", from: "/gw1/Cphone", requestIdentifier: "r 1", resourceType: .container,
            content: ["m2m:cnt": ["lbl": ["ä", "b"]]], releaseVersion: "3")
        request.tokens = ["a.b.c", "d.e.f"]
        request.localTokenIDs = ["l1"]
        request.resultContent = .nothing
        request.requestExpiration = .after(100)
        request.notificationURIs = ["http://a/b"]
        for form in Serialization.allCases {
            let http = HTTPRequestMapping.http(request, base: "", isWholeTarget: false, form: form)
            #expect(http.target == "/~/id-in/cse-in/a?rcn=0&ltids=l1")
            #expect(try HTTPRequestMapping.request(http) == request)
        }
        var discovery = RequestPrimitive(.retrieve, to: "-", from: "Ca", requestIdentifier: "2")
        try discovery.filterCriteria.add("fu", "1")
        try discovery.filterCriteria.add("ty", "3+4")
        discovery.filterCriteria.labels = ["a+b", "c d", "e&f=g"]
        try discovery.filterCriteria.add("cr", "S*m")
        let http = HTTPRequestMapping.http(discovery, base: "/base", isWholeTarget: false, form: .json)
        #expect(http.target.hasPrefix("/base/-?"))
        var back = http
        back.target = String(http.target.dropFirst(5))
        #expect(try HTTPRequestMapping.request(back) == discovery)
    }

    @Test(
        "A condition on an attribute that is named as a parameter or a criterion goes as a whole primitive",
        arguments: ["rt", "rids", "tkns", "rcn", "ty", "lbl", "smf", "c.x", "atr", "st", "cr"])
    func ambiguous(name: String) throws {
        var request = RequestPrimitive(
            .retrieve, to: "/id-in/cse-in/a", from: "/gw1/Cphone", requestIdentifier: "1", releaseVersion: "3")
        request.filterCriteria.usage = .discovery
        request.filterCriteria.attributes = [.init(name: name, value: "4")]
        request.tokens = ["a.b.c"]
        for form in Serialization.allCases {
            let http = HTTPRequestMapping.http(request, base: "/base", isWholeTarget: false, form: form)
            #expect((http.method == .POST) == (name != "st" && name != "cr" && name != "atr"))
            var there = http
            there.target = String(http.target.dropFirst(5))
            if there.target.isEmpty { there.target = "/" }
            #expect(try HTTPRequestMapping.request(there) == request)
        }
    }

    @Test("What came over another binding begins no header of its own")
    func injection() {
        var request = RequestPrimitive(
            .retrieve, to: "/a/b c\r\nX: y", from: "Ca\r\nX-M2M-RSC: 2000", requestIdentifier: "1")
        request.vendorInformation = "a\nb"
        let http = HTTPRequestMapping.http(request, base: "", isWholeTarget: false, form: .json)
        #expect(http.headers.allSatisfy { !$0.value.utf8.contains(10) && !$0.value.utf8.contains(13) })
        #expect(!http.target.utf8.contains(10) && !http.target.utf8.contains(32))
    }
}
