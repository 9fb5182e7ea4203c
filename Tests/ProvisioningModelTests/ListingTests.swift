import ProvisioningModel
import Testing
import XMPP

/// The text's listings 1 to 26, in their corrected form.
@Suite("The listings of XEP-0324")
struct ListingTests {
    @Test("All twenty-six are there, and every stanza is one", arguments: 1...26)
    func stanzas(_ number: Int) throws {
        let stanzas = try #require(try listings()[number])
        #expect(!stanzas.isEmpty)
        for stanza in stanzas {
            switch stanza.name {
            case "iq": _ = try IQ(stanza)
            case "message": _ = try Message(stanza)
            default: Issue.record("\(stanza.name) is no stanza")
            }
        }
    }

    @Test("Every payload is read, written the same, valid by the schema, and in the kind of stanza it belongs in")
    func payloads() throws {
        var written: [XMLElement] = []
        var names: Set<String> = []
        for (number, stanzas) in try listings() {
            for stanza in stanzas {
                for child in stanza.children where child.namespace == Provisioning.namespace {
                    let payload = try ProvisioningPayload(child)
                    #expect(payload.element == child, "listing \(number)")
                    names.insert(child.name)
                    written.append(payload.element)
                    switch payload.carrier {
                    case .question: #expect(stanza["type"] == "get")
                    case .demand: #expect(stanza["type"] == (payload == .clearCache ? "set" : "get"))
                    case .answer, .acknowledgement: #expect(stanza["type"] == "result")
                    case .message: #expect(stanza.name == "message")
                    }
                }
            }
        }
        #expect(names.count == 23)
        #expect(try judge(written) == "")
    }

    @Test("Errors are those of listings 5, 6 and 8")
    func errors() throws {
        for (number, error) in [
            (5, Provisioning.wrongAnswer), (6, Provisioning.unknownSequence), (8, Provisioning.uncalledChallenge),
        ] {
            let stanza = try #require(try listings()[number]?.first)
            guard case .error(let found, _) = try IQ(stanza).content else { throw TestFailure("no error") }
            #expect((found.kind, found.condition) == (error.kind, error.condition))
        }
    }

    @Test("A server is found by the feature, as listings 1, 2, 3, 25 and 26 do", arguments: [3, 26])
    func discovery(_ number: Int) throws {
        let all = try listings()
        let server = try #require(all[1]?.last?.firstChild.flatMap { DiscoInfo($0) })
        #expect(server.features.contains(Namespace.discoItems))
        let items = try #require(all[2]?.last?.firstChild.flatMap { DiscoItems($0) })
        #expect(items.items.map(\.jid.description) == ["provisioning.example.org"])
        let info = try #require(all[number]?.last?.firstChild.flatMap { DiscoInfo($0) })
        #expect(info.features.contains(Provisioning.namespace))
    }

    @Test("What the listings show")
    func values() throws {
        let all = try listings()
        func payload(_ number: Int, _ index: Int) throws -> ProvisioningPayload {
            try ProvisioningPayload(try #require(all[number]?[index].firstChild))
        }
        guard case .canRead(let several) = try payload(9, 1) else { throw TestFailure("listing 9") }
        #expect(several.tokens.service == ["SERVICETOKEN1", "SERVICETOKEN2"])
        #expect(several.tokens.user == ["USERTOKEN1"])
        #expect(several.types == .momentary)
        guard case .canReadResponse(let nodes) = try payload(15, 2) else { throw TestFailure("listing 15") }
        #expect(nodes.isGranted)
        #expect(nodes.nodes == [ProvisioningNode(nodeID: "Device02")])
        guard case .canControlResponse(let parameters) = try payload(19, 2) else { throw TestFailure("listing 19") }
        #expect(parameters.parameters == (1...4).map { "DigitalOutput\($0)" })
        guard case .downloadPrivilegesResponse(let list) = try payload(24, 4) else { throw TestFailure("listing 24") }
        #expect(list.allows(try #require(PrivilegeID("Sensors.View"))))
        #expect(!list.allows(try #require(PrivilegeID("Sensors.Delete"))))
    }

    @Test("The listings' own forms are read too: credentials by type, and a list without a namespace")
    func originalForms() throws {
        let listing = try element(
            """
            <canAccess serviceToken='S'><credentials type='IpAddress' value='10.0.0.1'/>\
            <credentials type='Longitude' value='123.45'/><credentials type='Latitude' value='67.89'/></canAccess>
            """)
        #expect(
            try ServiceQuestion(listing)
                == ServiceQuestion(
                    serviceTokens: ["S"], credentials: [.ip4("10.0.0.1"), .longitude(123.45), .latitude(67.89)]))
        let list = try #require(
            try elements("<downloadPrivilegesResponse><include id='A'/></downloadPrivilegesResponse>").first)
        #expect(try PrivilegeList(list).allows(try #require(PrivilegeID("A.B"))))
    }
}
