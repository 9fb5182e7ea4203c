import JSONText
import OneLoop
import OneM2MDoor
import OneM2MPrimitives
import Testing

@Suite("Discovery, filters and result contents (TS-0004 7.3.3.17)")
@Loop
struct DiscoveryTests {
    private func bench() async throws -> TestCSE {
        let bench = TestCSE()
        try await bench.register("Capp", #","lbl":["house"]"#)
        try await bench.create(.container, "Capp", #"{"m2m:cnt":{"rn":"a","lbl":["hot","wet"],"mni":3}}"#)
        bench.clock.pass(milliseconds: 1000)
        try await bench.create(.container, "Capp/a", #"{"m2m:cnt":{"rn":"b","lbl":["cold"]}}"#)
        try await bench.create(.container, "Capp/a/b", #"{"m2m:cnt":{"rn":"c"}}"#)
        for content in ["one", "two", "three"] {
            try await bench.create(
                .contentInstance, "Capp/a/b/c", #"{"m2m:cin":{"con":"\#(content)","cnf":"text/plain:0"}}"#)
        }
        try await bench.register("Cother")
        try await bench.create(.container, "Cother", from: "Cother", #"{"m2m:cnt":{"rn":"hidden","lbl":["hot"]}}"#)
        return bench
    }

    @Test(
        "What a filter finds",
        arguments: [
            ("ty=3", ["a", "b", "c"]), ("ty=3&lim=2", ["a", "b"]), ("ty=3&lim=2&ofst=3", ["c"]), ("ty=3&lvl=1", ["a"]),
            ("lbl=hot", ["a"]), ("lbl=hot+cold", ["a", "b"]), ("ty=3&lbl=house", []),
            ("ty=3&lbl=house&fo=2", ["a", "b", "c"]),
            ("ty=3&lbl=hot&fo=3", ["b", "c"]), ("mni=3", ["a"]), ("ty=3&rn=*", ["a", "b", "c"]), ("mni=4", []),
            ("ty=3&cra=20270115T080000,500000", ["b", "c"]), ("ty=3&crb=20270115T080000,500000", ["a"]),
            ("ty=3&stb=2", ["c"]), ("sza=10", ["c"]), ("ty=3&sza=1&szb=12", ["c"]), ("ty=3&szb=5", ["a", "b"]),
            ("ty=3&exb=20300101T000000", []), ("ty=3&lbl=hot&arp=b", ["b"]), ("ty=9", []),
        ])
    func filters(query: String, names: [String]) async throws {
        let bench = try await bench()
        var filter = FilterCriteria()
        filter.usage = .discovery
        for pair in query.split(separator: "&") {
            let parts = pair.split(separator: "=").map(String.init)
            try filter.add(parts[0], parts[1])
        }
        let wanted = filter
        let answer = try await bench.ask(.retrieve, "Capp") { $0.filterCriteria = wanted }
        let found = answer.content?["m2m:uril"]?.array?.compactMap {
            $0.string?.split(separator: "/").last.map(String.init)
        }
        #expect(found == names)
    }

    @Test("Instances are found by what they hold, and pages say that there are more")
    func instances() async throws {
        let bench = try await bench()
        var filter = FilterCriteria()
        filter.usage = .discovery
        try filter.add("con", "t*")
        let wanted = filter
        let answer = try await bench.ask(.retrieve, "Capp") { $0.filterCriteria = wanted }
        #expect(answer.content?["m2m:uril"]?.array?.count == 2)
        var byType = FilterCriteria()
        byType.usage = .discovery
        byType.contentTypes = ["text/plain:0"]
        byType.limit = 2
        let paged = byType
        let page = try await bench.ask(.retrieve, "Capp") { $0.filterCriteria = paged }
        #expect(page.content?["m2m:uril"]?.array?.count == 2)
        #expect(page.contentStatus == .partial)
        #expect(page.contentOffset == 3)
    }

    @Test("Nobody finds what is not for them, and IDs lead to what was found")
    func access() async throws {
        let bench = try await bench()
        var filter = FilterCriteria()
        filter.usage = .discovery
        filter.labels = ["hot"]
        let wanted = filter
        for (from, count) in [("Capp", 1), ("Cother", 1), ("Cadmin", 2)] {
            let answer = try await bench.ask(.retrieve, "cse-gw1", from: from) {
                $0.filterCriteria = wanted
                $0.discoveryResultType = .unstructured
            }
            let found = answer.content?["m2m:uril"]?.array?.compactMap(\.string) ?? []
            #expect(found.count == count)
            for id in found { #expect(try await bench.ask(.retrieve, id, from: from).status == .ok) }
        }
        #expect(
            try await bench.ask(.retrieve, "Cother", from: "Capp") { $0.filterCriteria = wanted }.status
                == .originatorHasNoPrivilege)
    }

    @Test("Result contents")
    func resultContents() async throws {
        let bench = try await bench()
        func ask(_ rcn: ResultContent, _ change: @escaping (inout RequestPrimitive) -> Void = { _ in }) async throws
            -> JSON?
        {
            try await bench.ask(.retrieve, "Capp/a") {
                $0.resultContent = rcn
                change(&$0)
            }.content
        }
        let nested = try await ask(.attributesAndChildResources)
        let inner = nested?["m2m:cnt"]?["m2m:cnt"]?[0]
        #expect(nested?["m2m:cnt"]?["rn"] == "a")
        #expect(inner?["rn"] == "b")
        #expect(inner?["m2m:cnt"]?[0]?["m2m:cin"]?.array?.map { $0["con"] } == ["one", "two", "three"])
        let children = try await ask(.childResources)
        #expect(children?["m2m:cnt"]?["rn"] == nil)
        #expect(children?["m2m:cnt"]?["m2m:cnt"]?[0]?["rn"] == "b")
        let references = try await ask(.childResourceReferences)
        #expect(references?["m2m:rrl"]?["rrf"]?.array?.count == 5)
        #expect(references?["m2m:rrl"]?["rrf"]?[0]?["val"] == "cse-gw1/Capp/a/b")
        let both = try await ask(.attributesAndChildResourceReferences)
        #expect(both?["m2m:cnt"]?["ch"]?.array?.count == 5)
        #expect(both?["m2m:cnt"]?["mni"] == 3)
        // With a filter only what matches, whatever stands between.
        let filtered = try await ask(.attributesAndChildResources) { $0.filterCriteria.types = [.contentInstance] }
        #expect(filtered?["m2m:cnt"]?["m2m:cin"]?.array?.count == 3)
        let some = try await ask(.attributes) { $0.attributeList = ["mni", "rn"] }
        #expect(some == ["m2m:cnt": ["mni": 3, "rn": "a"]])
    }
}
