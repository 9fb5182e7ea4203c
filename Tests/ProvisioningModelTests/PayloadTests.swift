import ProvisioningModel
import Testing
import XMPP

private func refusal(_ text: String) throws -> PayloadError.Code? {
    let element = try element(text)
    do {
        _ = try ProvisioningPayload(element)
        return nil
    } catch {
        #expect(!error.reason.isEmpty)
        #expect(error.stanzaError.condition == .badRequest)
        return error.code
    }
}

@Suite("Payloads of XEP-0324")
struct PayloadTests {
    @Test(
        "What is wrong is refused by its name",
        arguments: [
            ("<getToken/>", .badValue), ("<getToken>n-o</getToken>", .badValue),
            ("<getTokenChallenge>QQ==</getTokenChallenge>", .missing),
            ("<getTokenChallenge seqnr='x'>QQ==</getTokenChallenge>", .badValue),
            ("<getTokenChallengeResponse seqnr='4294967296'>QQ==</getTokenChallengeResponse>", .badValue),
            ("<getTokenResponse/>", .missing), ("<getTokenResponse token=''/>", .badValue),
            ("<getTokenResponse token='A B'/>", .badValue), ("<getTokenResponse token='A&#9;B'/>", .badValue),
            ("<tokenChallenge>QQ==</tokenChallenge>", .missing), ("<tokenChallengeResponse/>", .badValue),
            ("<isFriend/>", .missing), ("<isFriend jid='@'/>", .badValue),
            ("<isFriendResponse jid='a@b'/>", .missing), ("<isFriendResponse jid='a@b' result='yes'/>", .badValue),
            ("<isFriendResponse jid='a@b' result='true' secondaryTrustAllowed='perhaps'/>", .badValue),
            ("<unfriend/>", .missing), ("<friend jid=''/>", .badValue), ("<canRead momentary='true'/>", .missing),
            ("<canRead jid='a@b' momentary='maybe'/>", .badValue), ("<canRead jid='a@b'><node/></canRead>", .missing),
            ("<canRead jid='a@b'><field/></canRead>", .missing), ("<canReadResponse jid='a@b'/>", .missing),
            ("<canControl/>", .missing), ("<canControlResponse jid='a@b'/>", .missing), ("<canAccess/>", .missing),
            ("<canAccess serviceToken='S'><ip4/></canAccess>", .missing),
            ("<canAccess serviceToken='S'><longitude value='0x10'/></canAccess>", .badValue),
            ("<canAccess serviceToken='S'><latitude value='91'/></canAccess>", .badValue),
            ("<canAccess serviceToken='S'><altitude value='nan'/></canAccess>", .badValue),
            ("<canAccess serviceToken='S'><protocol value='Pigeon'/></canAccess>", .badValue),
            ("<canAccessResponse/>", .missing), ("<userLoggedIn serviceToken='S' userToken='U'/>", .missing),
            ("<hasPrivilege serviceToken='S' userToken='U' privilegeId='A..B'/>", .badValue),
            ("<hasPrivilege serviceToken='S' userToken='U' privilegeId='.'/>", .badValue),
            ("<hasPrivilege userToken='U' privilegeId='A'/>", .missing), ("<hasPrivilegeResponse/>", .missing),
            ("<downloadPrivileges serviceToken='S'/>", .missing),
            ("<downloadPrivilegesResponse><maybe id='A'/></downloadPrivilegesResponse>", .wrongElement),
            ("<downloadPrivilegesResponse><include/></downloadPrivilegesResponse>", .missing),
            ("<somethingElse/>", .wrongElement),
        ] as [(String, PayloadError.Code)])
    func refused(_ text: String, _ code: PayloadError.Code) throws {
        #expect(try refusal(text) == code, "\(text)")
    }

    @Test("More than is taken is refused")
    func limits() throws {
        let names = String(repeating: "<field name='F'/>", count: ProvisioningLimits.names + 1)
        #expect(try refusal("<canRead jid='a@b'>\(names)</canRead>") == .tooMany)
        let tokens = String(repeating: "T ", count: ProvisioningLimits.tokens + 1)
        #expect(try refusal("<canRead jid='a@b' userToken='\(tokens)'/>") == .tooMany)
        let long = String(repeating: "T", count: ProvisioningLimits.tokenBytes + 1)
        #expect(try refusal("<getTokenResponse token='\(long)'/>") == .tooMany)
        let challenge = String(repeating: "QUFB", count: ProvisioningLimits.challengeBytes)
        #expect(try refusal("<tokenChallengeResponse>\(challenge)</tokenChallengeResponse>") == .tooMany)
        let credentials = String(repeating: "<jid value='a@b'/>", count: ProvisioningLimits.credentials + 1)
        #expect(try refusal("<canAccess serviceToken='S'>\(credentials)</canAccess>") == .tooMany)
        var nodes = try element("<canControl jid='a@b'/>")
        for _ in 0...ProvisioningLimits.nodes {
            nodes.append(XMLElement("node", Provisioning.namespace, ["nodeId": "N"]))
        }
        #expect(throws: PayloadError(.tooMany, "")) { try ControlQuestion(nodes) }
        var list = try element("<downloadPrivilegesResponse/>")
        for _ in 0...ProvisioningLimits.privileges {
            list.append(XMLElement("include", Provisioning.namespace, ["id": "A"]))
        }
        #expect(throws: PayloadError(.tooMany, "")) { try PrivilegeList(list) }
    }

    @Test("A resource is dropped, on both sides")
    func bare() throws {
        let jid = try #require(JID("a@b.example/phone"))
        #expect(FriendQuestion(jid: jid).element["jid"] == "a@b.example")
        #expect(try ReadQuestion(try element("<canRead jid='A@b.example/phone'/>")).jid.description == "a@b.example")
    }

    @Test("An element of another namespace is none")
    func namespace() throws {
        let stranger = XMLElement("clearCache", "urn:ieee:iot:prov:d:1.0")
        #expect(throws: PayloadError(.wrongElement, "")) { try ProvisioningPayload(stranger) }
    }

    @Test("Every credential is written in the schema's form and read again, and unknown ones show nothing")
    func credentials() throws {
        let all: [UserCredential] =
            [
                .jid("a@b"), .ip4("192.0.2.1"), .ip6("2001:db8::1"), .hostName("h.example"),
                .certificate([0x30, 0]), .certificateThumbprint([1, 2]), .userName("Kermit & Co"), .longitude(-123.5),
                .latitude(1e-7), .altitude(12), .singleSignOn("x"),
            ] + UserCredential.Connection.allCases.map { .connection($0) }
        let question = ServiceQuestion(serviceTokens: ["S1", "S2"], credentials: all)
        #expect(try ServiceQuestion(question.element) == question)
        #expect(try judge([question.element]) == "")
        let listing = try element(
            """
            <canAccess serviceToken='S'><credentials type='ipAddress' value='::1'/><credentials type='USERNAME' value='K'/>\
            <credentials type='x509Certificate' value='MAA='/><credentials type='Smell' value='x'/><smell value='x'/></canAccess>
            """)
        #expect(try ServiceQuestion(listing).credentials == [.ip6("::1"), .userName("K"), .certificate([0x30, 0])])
    }

    @Test("Every set of kinds is written in attributes that mean it, and read again")
    func types() throws {
        let jid = try #require(JID("a@b"))
        var written: [XMLElement] = []
        for bits in stride(from: UInt16(0), to: 0x4000, by: 37) {
            let question = ReadQuestion(jid: jid, types: ReadingTypes(rawValue: bits))
            #expect(try ReadQuestion(question.element) == question)
            written.append(question.element)
        }
        #expect(ReadQuestion(jid: jid, types: .all).element["all"] == "true")
        let historical = ReadQuestion(jid: jid, types: [.historical, .peak]).element
        #expect(historical["historical"] == "true" && historical["peak"] == "true")
        #expect(historical["historicalDay"] == nil)
        #expect(try judge(Array(written.prefix(40))) == "")
    }

    @Test("Answers are about the question's address, and a no has no lists")
    func answers() throws {
        let jid = try #require(JID("a@b"))
        let read = ReadQuestion(
            jid: jid, types: [.momentary, .status], tokens: ProvisioningTokens(service: ["S"], device: ["D", "E"]),
            nodes: [ProvisioningNode(nodeID: "n", sourceID: "s", cacheType: "c")], fields: ["F", "G & H"])
        let control = ControlQuestion(
            jid: jid, tokens: ProvisioningTokens(user: ["U"]), nodes: [ProvisioningNode(nodeID: "n")],
            parameters: ["P"])
        let friend = FriendQuestion(jid: jid)
        let payloads: [ProvisioningPayload] = [
            .canRead(read), .canReadResponse(ReadAnswer(to: read, nodes: read.nodes, fields: ["F"], types: .momentary)),
            .canReadResponse(.denied(read)), .canControl(control), .canControlResponse(.denied(control)),
            .canControlResponse(ControlAnswer(to: control, parameters: ["P"])), .isFriend(friend),
            .isFriendResponse(FriendAnswer(to: friend, isFriend: true, allowsSecondaryTrust: true)),
            .canAccessResponse(ServiceAnswer(isGranted: false)),
        ]
        for payload in payloads { #expect(try ProvisioningPayload(payload.element) == payload) }
        #expect(try judge(payloads.map(\.element)) == "")
        #expect(ReadAnswer.denied(read).element.children.isEmpty)
    }

    @Test("A node that names less covers what names more")
    func nodes() {
        let node = ProvisioningNode(nodeID: "n", sourceID: "s", cacheType: "c")
        #expect(ProvisioningNode(nodeID: "n").covers(node))
        #expect(ProvisioningNode(nodeID: "n", sourceID: "s", cacheType: "").covers(node))
        #expect(!ProvisioningNode(nodeID: "n", sourceID: "t").covers(node))
        #expect(!node.covers(ProvisioningNode(nodeID: "n")))
    }
}

@Suite("Privileges of XEP-0324")
struct PrivilegeTests {
    private func id(_ text: String) throws -> PrivilegeID { try #require(PrivilegeID(text)) }

    @Test(
        "The first line that covers a privilege decides, none is no",
        arguments: [
            // The text's own example (3.7.1).
            ("-Databases.Energy.Delete +Databases.Energy", "Databases.Energy.Select", true),
            ("-Databases.Energy.Delete +Databases.Energy", "Databases.Energy.Delete", false),
            ("-Databases.Energy.Delete +Databases.Energy", "Databases.Energy.Delete.All", false),
            ("-Databases.Energy.Delete +Databases.Energy", "Databases.Energy", true),
            ("-Databases.Energy.Delete +Databases.Energy", "Databases", false),
            ("-Databases.Energy.Delete +Databases.Energy", "Databases.EnergyMore", false),
            ("+Databases.Energy -Databases.Energy.Delete", "Databases.Energy.Delete", true),
            ("-A +A", "A", false), ("+A -A", "A", true), ("", "A", false),
        ] as [(String, String, Bool)])
    func evaluation(_ lines: String, _ privilege: String, _ isAllowed: Bool) throws {
        let list = PrivilegeList(
            try lines.split(separator: " ").map { line in
                let id = try id(String(line.dropFirst()))
                return line.first == "+" ? .include(id) : .exclude(id)
            })
        #expect(list.allows(try id(privilege)) == isAllowed)
        #expect(try PrivilegeList(list.element) == list)
        #expect(try judge([list.element]) == "")
    }

    @Test("An id has no empty part", arguments: ["", ".", "A.", ".A", "A..B", String(repeating: "a", count: 513)])
    func bad(_ text: String) { #expect(PrivilegeID(text) == nil) }
}
