import CBOR
import OCFModel
import Testing

@testable import OCFDoor

@Suite struct LinkPublicationTests {
    private func link(_ href: String, _ instance: Int? = nil, title: String? = nil) -> Link {
        Link(
            href: href, resourceTypes: ["oic.r.temperature"], interfaces: [.sensor, .baseline],
            policy: [.discoverable, .observable], instance: instance, title: title)
    }

    /// What a cloud answers: the links with numbers of its own.
    private func answer(_ links: [Link], from first: Int = 1000, prefix: String = "") -> CBOR.Value {
        ["links": .array(links.enumerated().map { ["href": .text(prefix + $1.href), "ins": .int(first + $0)] })]
    }

    @Test func everythingIsPublishedOnceForEachConnection() {
        var publication = LinkPublication()
        let links = [link("/oic/d"), link("/oic/p"), link("/a", 7)]
        #expect(publication.steps(for: links) == [.publish(links)])
        publication.hasPublished(links, answer(links), deviceID: deviceID)
        #expect(publication.steps(for: links) == [])
        publication.begin()
        #expect(publication.steps(for: links) == [.publish(links)])
    }

    @Test func whatCameAndChangedIsPublishedAndWhatWentIsNot() {
        var publication = LinkPublication()
        let old = [link("/a"), link("/b"), link("/c")]
        publication.hasPublished(old, answer(old), deviceID: deviceID)
        let new = [link("/a"), link("/b", title: "other"), link("/d")]
        #expect(publication.steps(for: new) == [.publish([new[1], new[2]]), .unpublish([1002], hrefs: ["/c"])])
        publication.hasUnpublished(["/c"])
        publication.hasPublished([new[1], new[2]], answer([new[1], new[2]], from: 2000), deviceID: deviceID)
        #expect(publication.steps(for: new) == [])
        // Each is unpublished by the number the cloud gave it last.
        #expect(publication.steps(for: []) == [.unpublish([1000, 2000, 2001], hrefs: ["/a", "/b", "/d"])])
    }

    @Test func theNumberIsTheCloudsOrElseOurs() {
        var publication = LinkPublication()
        let links = [link("/a", 7), link("/b", 8), link("/c")]
        publication.hasPublished(
            links, answer([links[0]], from: 99, prefix: "/\(deviceID)"), deviceID: deviceID)
        #expect(publication.published.mapValues(\.instance) == ["/a": 99, "/b": 8, "/c": nil])
        #expect(publication.steps(for: []) == [.unpublish([99, 8], hrefs: ["/a", "/b", "/c"])])
        publication = LinkPublication()
        publication.hasPublished(links, "no map", deviceID: deviceID)
        #expect(publication.published["/a"]?.instance == 7)
    }

    @Test func largeSetsGoInParts() {
        var publication = LinkPublication()
        let links = (0..<450).map { link("/n/\($0)") }
        let steps = publication.steps(for: links)
        #expect(steps.count == 3)
        for step in steps {
            guard case .publish(let part) = step else { continue }
            #expect(part.count <= LinkPublication.linksPerRequest)
            // One message of plgd hub's takes 256 KB.
            #expect(CBOR.encode(.array(part.map(\.value))).count < 65_536)
            publication.hasPublished(part, answer(part), deviceID: deviceID)
        }
        #expect(publication.published.count == 450)
        #expect(publication.steps(for: []).count == 8)
    }

    @Test func whatIsPublishedSurvivesTheStore() {
        var publication = LinkPublication()
        let links = (0..<300).map { (n: Int) in link("/n/\(n)", n) } + [link("/none")]
        publication.hasPublished(links, nil, deviceID: deviceID)
        let records = publication.records(holding: links.map(\.href))
        #expect(records.count > 64 && records.values.allSatisfy { !$0.isEmpty && $0.count < 32_768 })
        var restored = LinkPublication(records: records.values)
        #expect(restored.published == publication.published)
        // A link that went while the gateway was off is unpublished.
        restored.hasPublished(Array(links.dropFirst()), nil, deviceID: deviceID)
        #expect(restored.steps(for: Array(links.dropFirst())) == [.unpublish([0], hrefs: ["/n/0"])])
        restored.hasUnpublished(links.map(\.href))
        #expect(restored.records(holding: ["/n/0"]) == [LinkPublication.bucket(of: "/n/0"): []])
        #expect(LinkPublication(records: [[0xFF], [], CBOR.encode(["x": 1])]).published.isEmpty)
    }

    @Test func fiftyThousandLinksWouldFitTheirRecords() {
        var publication = LinkPublication()
        let links = (0..<10_000).map { (n: Int) in link("/ble/A4C138\(n)/temperature", n) }
        publication.hasPublished(links, nil, deviceID: deviceID)
        let records = publication.records(holding: links.map(\.href))
        #expect(records.count == LinkPublication.buckets)
        // A record of the store holds 32 KB; this is a fifth of the links.
        #expect(records.values.allSatisfy { $0.count < 32_768 / 5 })
    }
}
