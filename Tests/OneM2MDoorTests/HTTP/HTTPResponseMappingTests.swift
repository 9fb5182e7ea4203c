import JSONText
import NIOHTTP1
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("Responses over HTTP (TS-0009 6.3)")
struct HTTPResponseMappingTests {
    @Test(
        "Status codes",
        arguments: [
            (2000, 200), (2001, 201), (2002, 200), (2004, 200), (1000, 202), (1001, 202), (1002, 202), (4000, 400),
            (4102, 400), (4110, 400), (6010, 400), (4101, 403), (4103, 403), (4106, 403), (4107, 403), (4108, 403),
            (4117, 403), (5105, 403), (5203, 403), (4004, 404), (5103, 404), (5107, 404), (6003, 404), (4005, 405),
            (5207, 406), (4104, 409), (4105, 409), (5106, 409), (4015, 415), (5000, 500), (5204, 500), (4001, 501),
            (4125, 501), (5001, 501), (5206, 501), (4008, 504), (4999, 400), (9999, 500),
        ])
    func status(code: Int, http: Int) {
        #expect(ResponseStatus(rawValue: code).httpStatus.code == UInt(http))
    }

    private func created(_ content: JSON, to: String) -> HTTPAnswer {
        let request = RequestPrimitive(.create, to: to, from: "Ca", requestIdentifier: "1", resourceType: .container)
        return HTTPResponseMapping.http(
            ResponsePrimitive(.created, requestIdentifier: "1", content: content, releaseVersion: "3"), to: request,
            form: .json)
    }

    @Test("The header of an answer, and where a resource was created")
    func created() {
        let answer = created(["m2m:cnt": ["ri": "c4f", "rn": "log"]], to: "cse-gw1/lock")
        #expect(answer.status == .created)
        #expect(answer.headers["X-M2M-RSC"] == ["2001"])
        #expect(answer.headers["X-M2M-RI"] == ["1"])
        #expect(answer.headers["X-M2M-RVI"] == ["3"])
        #expect(answer.headers["Content-Type"] == ["application/json"])
        #expect(answer.headers["Content-Location"] == ["/c4f"])
        #expect(created(["m2m:cnt": ["ri": "c4f"]], to: "/gw2/cse").headers["Content-Location"] == ["/~/gw2/c4f"])
        #expect(
            created(["m2m:cnt": ["ri": "c4f"]], to: "//sp.x/gw2/cse").headers["Content-Location"] == ["/_/sp.x/gw2/c4f"]
        )
        #expect(created(["m2m:uri": "cse-gw1/a"], to: "cse-gw1").headers["Content-Location"] == ["/cse-gw1/a"])
        #expect(
            created(["m2m:rce": ["uri": "cse-gw1/a", "m2m:cnt": [:]]], to: "cse-gw1").headers["Content-Location"]
                == ["/cse-gw1/a"])
    }

    @Test("Assigned tokens, and where to get one")
    func tokens() throws {
        let request = RequestPrimitive(.retrieve, to: "-/a", from: "Ca", requestIdentifier: "1")
        var response = ResponsePrimitive(.ok, requestIdentifier: "1", content: ["m2m:cnt": [:]])
        response.assignedTokens = [
            AssignedToken(localTokenID: "l1", tokenID: "t1@x.y"), AssignedToken(localTokenID: "l2", tokenID: "t2@x.y"),
        ]
        let answer = HTTPResponseMapping.http(response, to: request, form: .json)
        #expect(answer.headers["X-M2M-ATI"] == ["l1:t1@x.y + l2:t2@x.y"])
        #expect(try HTTPResponseMapping.response(answer, to: request).assignedTokens == response.assignedTokens)

        var refusal = ResponsePrimitive(OneM2MError(.originatorHasNoPrivilege, "no"), to: request)
        refusal.tokenRequestInformation = ["dasi": [["uri": "//sp/das"]]]
        let refused = HTTPResponseMapping.http(refusal, to: request, form: .json)
        #expect(refused.status == .forbidden)
        #expect(try JSON.parse(refused.body) == ["m2m:tqf": ["dasi": [["uri": "//sp/das"]]]])
        let read = try HTTPResponseMapping.response(refused, to: request)
        #expect(read.tokenRequestInformation == refusal.tokenRequestInformation)
        #expect(read.content == nil)
    }

    @Test("What a peer answers: status, content, and nonsense")
    func reading() throws {
        let request = RequestPrimitive(.retrieve, to: "/a/b", from: "Ca", requestIdentifier: "1")
        func read(_ status: HTTPResponseStatus, _ headers: HTTPHeaders, _ body: String) throws -> ResponsePrimitive {
            try HTTPResponseMapping.response(HTTPAnswer(status, headers: headers, body: Array(body.utf8)), to: request)
        }
        let json: HTTPHeaders = ["Content-Type": "application/json;charset=utf-8", "X-M2M-RSC": "2000"]
        #expect(try read(.ok, json, #"{"m2m:cnt":{}}"#).content == ["m2m:cnt": [:]])
        // What a proxy says of itself.
        let proxy = try read(.badGateway, ["Content-Type": "text/html"], "<html>")
        #expect(proxy.status == .targetNotReachable)
        #expect(proxy.content == nil)
        #expect(try read(.forbidden, ["X-M2M-RSC": "4103"], "").status == .originatorHasNoPrivilege)
        for (headers, body) in [
            (["Content-Type": "application/json"] as HTTPHeaders, "{"), (["Content-Type": "text/html"], "<html>"),
            ([:], "x"), (["X-M2M-RI": "2"], ""),
        ] {
            let error = #expect(throws: TransportError.self) { try read(.ok, headers, body) }
            #expect(error?.code == .badAnswer)
        }
    }

    @Test(
        "Accept",
        arguments: [
            ("application/json", Serialization.json), ("application/cbor", .cbor), ("*/*", .json),
            ("application/xml, application/cbor;q=0.5", .cbor),
            ("application/json;q=0.2, application/cbor;q=0.9", .cbor),
            ("text/html, */*;q=0.1", .json), ("application/vnd.onem2m-res+cbor", .cbor), ("application/xml", nil),
            ("application/json;q=0", nil), ("application/json;q=0, */*", .cbor), ("application/*", .json), ("", nil),
        ])
    func accept(field: String, form: Serialization?) {
        #expect(Serialization(accept: field) == form)
    }
}
