import CBOR
import JSONText
import OneM2MPrimitives
import Testing

@Suite("Primitives in JSON and CBOR (TS-0004 8.4, 8.5)")
struct PrimitiveTests {
    private static let full = #"""
        {"op":2,"to":"cse-gw1/a","fr":"Cphone","rqi":"r1","rvi":"3","vsi":"v","ot":"20261126T151610,000000","rqet":"5000",
        "rset":"20261126T151610,000000","oet":"10","rp":"60000","rt":{"rtv":2,"nu":["http://h/n"]},"rcn":4,"ec":2,
        "da":true,"gid":"g1","fc":{"crb":"20261126T151610,000000","ty":[3,4],"lbl":["a b"],"lim":5,"fu":1,"fo":2,
        "atr":[{"nm":"cr","val":"C*"}],"arp":"x/y","ofst":2,"lvl":1,"sza":1,"szb":9},"drt":2,"rids":["r@e.com"],
        "tkns":["a.b.c"],"tids":["t@e.com"],"ltids":["l1"],"tqi":true,"atrl":["lbl"],"pc":{"m2m:cnt":{"mni":1}},"ty":3}
        """#

    @Test("Every parameter comes back, in both forms")
    func roundTrip() throws {
        let request = try RequestPrimitive(json: JSON.parse(Self.full))
        #expect(request.filterCriteria.types == [.container, .contentInstance])
        #expect(request.requestExpiration == .after(5000))
        #expect(request.notificationURIs == ["http://h/n"])
        #expect(request.tokens == ["a.b.c"])
        #expect(try RequestPrimitive(json: JSON.parse(request.json.serialized())) == request)
        #expect(try RequestPrimitive(cbor: CBOR.decode(CBOR.encode(request.cbor))) == request)
    }

    @Test(
        "What a request may not say",
        arguments: [
            (#"[]"#, 4000), (#"{"op":2}"#, 4000), (#"{"op":9,"to":"a"}"#, 4000), (#"{"op":"2","to":"a"}"#, 4000),
            (#"{"op":2,"to":""}"#, 4000), (#"{"op":2,"to":"a","zzz":1}"#, 5001),
            (#"{"op":2,"to":"a","sqi":true}"#, 5001),
            (#"{"op":2,"to":"a","rcn":99}"#, 4000), (#"{"op":2,"to":"a","ot":"now"}"#, 4000),
            (#"{"op":2,"to":"a","rt":{"nu":[]}}"#, 4000), (#"{"op":2,"to":"a","tkns":"x"}"#, 4000),
            (#"{"op":2,"to":"a","fc":{"zz":1}}"#, 4000), (#"{"op":2,"to":"a","fc":{"smf":"x"}}"#, 5001),
            (#"{"op":2,"to":"a","fc":{"lim":-1}}"#, 4000), (#"{"op":2,"to":"a","fc":{"fu":7}}"#, 4000),
            (#"{"op":2,"to":"a","da":1}"#, 4000), (#"{"op":2,"to":"a","fc":{"ofst":0}}"#, 4000),
        ])
    func refused(text: String, status: Int) throws {
        let json = try JSON.parse(text)
        let error = #expect(throws: OneM2MError.self) { try RequestPrimitive(json: json) }
        #expect(error?.status.rawValue == status)
    }

    @Test("An answer comes back, in both forms")
    func response() throws {
        var response = ResponsePrimitive(.originatorHasNoPrivilege, requestIdentifier: "r1", content: ["m2m:dbg": "no"])
        response.assignedTokens = [AssignedToken(localTokenID: "l1", tokenID: "t@e.com")]
        response.tokenRequestInformation = ["dasi": [["uri": "x"]]]
        response.contentStatus = .partial
        response.contentOffset = 7
        response.originatingTimestamp = OneM2MTime("20261126T151610")
        #expect(try ResponsePrimitive(json: JSON.parse(response.json.serialized())) == response)
        #expect(try ResponsePrimitive(cbor: CBOR.decode(CBOR.encode(response.cbor))) == response)
        #expect(response.debugText == "no")
        #expect(throws: OneM2MError.self) { try ResponsePrimitive(json: ["rqi": "x"]) }
    }

    @Test("Filters as a query carries them")
    func query() throws {
        var filter = FilterCriteria()
        for (name, value) in [
            ("ty", "3+4"), ("ty", "2"), ("lbl", "a+b c"), ("fu", "1"), ("cr", "C*"), ("lim", "10"),
            ("cra", "20261126T151610"),
        ] {
            try filter.add(name, value)
        }
        #expect(filter.types.map(\.rawValue) == [3, 4, 2])
        #expect(filter.labels == ["a", "b c"])
        #expect(filter.usage == .discovery)
        #expect(filter.attributes == [FilterCriteria.AttributeCondition(name: "cr", value: "C*")])
        #expect(try FilterCriteria(json: filter.json) == filter)
        for (name, value, status) in [("ty", "x", 4000), ("smf", "x", 5001), ("crb", "x", 4000), ("lim", "1e3", 4000)] {
            var other = FilterCriteria()
            let error = #expect(throws: OneM2MError.self) { try other.add(name, value) }
            #expect(error?.status.rawValue == status)
        }
    }

    @Test("CBOR that is no JSON")
    func cbor() {
        #expect(JSON(cbor: .bytes([1])) == nil)
        #expect(JSON(cbor: [1: 2]) == nil)
        #expect(JSON(cbor: .double(.infinity)) == nil)
        #expect(JSON(cbor: .negative(.max)) == .number(JSONNumber(-1 - Int128(UInt64.max))))
        #expect(JSON(cbor: .tagged(0, "x")) == "x")
        #expect(
            JSON.parseOrNil("[1.5,-7,true,null,18446744073709551615]").flatMap { JSON(cbor: $0.cbor) }
                == JSON.parseOrNil("[1.5,-7,true,null,18446744073709551615]"))
        #expect(JSON(cbor: .map(Map((0...1024).map { (key: .text("k\($0)"), value: 1) }))) == nil)
    }

    @Test("Types by name and number")
    func types() {
        #expect(ResourceType.container.shortName == "m2m:cnt")
        #expect(ResourceType.ae.announced.shortName == "m2m:aeA")
        #expect(ResourceType(shortName: "m2m:cntA") == .container.announced)
        #expect(ResourceType(shortName: "gh:atok") == .accessToken)
        #expect(ResourceType(shortName: "cod:tempe") == nil)
        #expect(ResourceType.accessToken.isAnnounced == false)
        #expect(ResourceType.ae.announced.original == .ae)
    }
}

extension JSON {
    fileprivate static func parseOrNil(_ text: String) -> JSON? { try? parse(text) }
}
