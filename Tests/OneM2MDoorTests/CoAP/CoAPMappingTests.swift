import CoAPMessages
import JSONText
import OneM2MPrimitives
import Testing

@testable import OneM2MDoor

@Suite("CoAP requests and responses as primitives (TS-0008 6.2)")
struct CoAPMappingTests {
    private func message(
        _ code: Code, _ path: String, query: [String] = [], format: UInt16? = nil, payload: String = "",
        options: [(OptionNumber, String)] = [], type: Int? = nil
    ) -> Message {
        var message = Message(
            code: code, path: path, query: query, contentFormat: format, payload: Array(payload.utf8))
        for (number, text) in options { message.options.add(number, string: text) }
        if let type { message.options.add(.oneM2MResourceType, uint: UInt64(type)) }
        return message
    }

    private func status(_ message: Message) -> Int? {
        do throws(OneM2MError) {
            _ = try CoAPRequestMapping.request(message)
            return nil
        } catch {
            return error.status.rawValue
        }
    }

    @Test("The numbers of TS-0008 V3.9, and what each may hold")
    func options() {
        let numbers: [OptionNumber: UInt16] = [
            .oneM2MOriginatingTimestamp: 259, .oneM2MNotificationURI: 263, .oneM2MResourceType: 267,
            .oneM2MReleaseVersion: 271, .oneM2MSignatureRequest: 275, .oneM2MFrom: 279, .oneM2MRequestIdentifier: 283,
            .oneM2MRequestExpiration: 291, .oneM2MResultExpiration: 295, .oneM2MOperationExecutionTime: 299,
            .oneM2MEventCategory: 303, .oneM2MResponseStatus: 307, .oneM2MGroupRequestIdentifier: 311,
            .oneM2MContentOffset: 319, .oneM2MContentStatus: 323, .oneM2MAssignedTokens: 327,
            .oneM2MVendorInformation: 331, .oneM2MGroupTargetMembers: 335, .oneM2MAuthorizationSignatures: 339,
        ]
        for (option, number) in numbers {
            #expect(option.rawValue == number)
            #expect(option.isCritical && option.isUnsafeToForward)
            #expect(option.definition != nil)
            #expect(!option.isUnderstoodByEndpoints)
        }
    }

    @Test("Addresses, methods and their type")
    func requests() throws {
        let retrieve = try CoAPRequestMapping.request(message(.get, "~/gw1/cse-gw1/a", options: [(.oneM2MFrom, "Ca")]))
        #expect(retrieve.request.to == "/gw1/cse-gw1/a")
        #expect(retrieve.request.operation == .retrieve)
        #expect(retrieve.request.from == "Ca")
        #expect(try CoAPRequestMapping.request(message(.get, "_/sp.x/gw1/a")).request.to == "//sp.x/gw1/a")
        #expect(try CoAPRequestMapping.request(message(.put, "cse/a")).request.operation == .update)
        #expect(try CoAPRequestMapping.request(message(.delete, "cse/a")).request.operation == .delete)
        let create = try CoAPRequestMapping.request(
            message(.post, "cse", format: 50, payload: "{}", type: 3)
        ).request
        #expect(create.operation == .create)
        #expect(create.resourceType == .container)
        #expect(try CoAPRequestMapping.request(message(.post, "cse")).request.operation == .notify)
        let named = try CoAPRequestMapping.request(message(.post, "cse", query: ["op=2", "rt=1"])).request
        #expect(named.operation == .retrieve)
        #expect(named.responseType == .nonBlockingSynch)
        var slash = Message(code: .get)
        slash.options.add(.uriPath, string: "a/b")
        #expect(status(slash) == 4000)
        #expect(status(message(.fetch, "cse")) == 4005)
        #expect(status(message(.get, "cse", query: ["op=1"])) == 4000)
        #expect(status(message(.get, "cse", query: ["c.cr=Sam"])) == 5001)
        #expect(status(message(.post, "cse", query: ["op=9"])) == 4000)
        #expect(status(message(.post, "cse", format: 41, payload: "<a/>", type: 3)) == 4015)
        #expect(status(message(.post, "cse", payload: "{}", type: 3)) == 4015)
        #expect(status(message(.post, "cse", format: 50, payload: "{", type: 3)) == 4000)
        #expect(status(message(.get, "cse", options: [(.oneM2MAuthorizationSignatures, "s")])) == 5001)
        #expect(status(message(.get, "cse", options: [(.oneM2MSignatureRequest, "s")])) == 5001)
        var xml = message(.get, "cse")
        xml.accept = 41
        #expect(status(xml) == 5207)
    }

    @Test("The query: lists, criteria, and tokens as far as they fit")
    func query() throws {
        let request = try CoAPRequestMapping.request(
            message(.get, "cse", query: ["fu=1", "ty=3+4", "lbl=a+b", "ltids=l1+l2", "tkns=x.y.z", "rcn=6"])
        ).request
        #expect(request.filterCriteria.types == [.container, .contentInstance])
        #expect(request.filterCriteria.labels == ["a", "b"])
        #expect(request.localTokenIDs == ["l1", "l2"])
        #expect(request.tokens == ["x.y.z"])
        #expect(request.resultContent == .childResourceReferences)
    }

    @Test(
        "A condition on an attribute that is named as a parameter does not become it", arguments: ["op", "rids", "a=b"])
    func conditions(_ name: String) throws {
        var request = RequestPrimitive(
            .notify, to: "/gw1/Ca", from: "/gw1/Cadmin", requestIdentifier: "r1", content: ["m2m:sgn": [:]])
        request.filterCriteria.attributes = [.init(name: name, value: "4")]
        let sent = CoAPRequestMapping.message(request, base: "/~/gw1/Ca", isWholeTarget: true, form: .json)
        #expect(sent.query.isEmpty)
        let back = try CoAPRequestMapping.request(sent)
        #expect(back.isWhole && back.request.operation == .notify)
        #expect(back.request.filterCriteria == request.filterCriteria && back.request.roleIDs.isEmpty)
    }

    @Test("Ours to others and back; tokens and long values make it a whole primitive")
    func roundTrip() throws {
        var request = RequestPrimitive(
            .create, to: "/id-in/cse-in/a", from: "/gw1/Ca", requestIdentifier: "r1", resourceType: .container,
            content: ["m2m:cnt": ["lbl": ["x"]]])
        request.localTokenIDs = ["l1"]
        for form in Serialization.allCases {
            let sent = CoAPRequestMapping.message(request, base: "", isWholeTarget: false, form: form)
            #expect(sent.pathString == "/~/id-in/cse-in/a")
            #expect(sent.options.uint(.oneM2MResourceType) == 3)
            let back = try CoAPRequestMapping.request(sent)
            #expect(back.request == request)
            #expect(back.form == form)
            #expect(!back.isWhole)
        }
        request.tokens = [String(repeating: "t", count: 600)]
        for form in Serialization.allCases {
            let sent = CoAPRequestMapping.message(request, base: "", isWholeTarget: false, form: form)
            #expect(sent.contentFormat == (form == .json ? 10_007 : 10_012))
            let back = try CoAPRequestMapping.request(sent)
            #expect(back.request == request)
            #expect(back.isWhole)
        }
        request.tokens = []
        request.from = "/gw1/C" + String(repeating: "a", count: 300)
        #expect(
            CoAPRequestMapping.message(request, base: "", isWholeTarget: false, form: .json).contentFormat == 10_007)
    }

    @Test(
        "What does not wait for its answer is a POST that says what it asks for (6.2.1), and hears where that will be",
        arguments: [Operation.create, .retrieve, .update, .delete, .notify])
    func nonBlocking(operation: Operation) throws {
        var request = RequestPrimitive(
            operation, to: "/gw2/cse/a", from: "/gw1/Ca", requestIdentifier: "r1",
            resourceType: operation == .create ? .container : nil,
            content: [.create, .update, .notify].contains(operation) ? ["m2m:cnt": [:]] : nil)
        for type in [ResponseType.nonBlockingSynch, .nonBlockingAsynch, .flexBlocking, .noResponse] {
            request.responseType = type
            let sent = CoAPRequestMapping.message(request, base: "", isWholeTarget: false, form: .json)
            #expect(sent.code == .post && sent.query.contains("op=\(operation.rawValue)"))
            #expect(try CoAPRequestMapping.request(sent).request == request)
        }
        let accepted = ResponsePrimitive(
            .acceptedNonBlockingSynch, requestIdentifier: "r1", content: ["m2m:uri": "cse/req-1"])
        let answer = CoAPResponseMapping.message(accepted, to: request, isWhole: false, form: .json)
        #expect(answer.code == .created && answer.location == "/cse/req-1")
    }

    @Test(
        "Status codes",
        arguments: [
            (2000, Operation.retrieve, "2.05"), (2000, .notify, "2.04"), (2001, .create, "2.01"),
            (2002, .delete, "2.02"),
            (2004, .update, "2.04"), (1001, .create, "2.01"), (4000, .create, "4.00"), (4102, .create, "4.00"),
            (4001, .create, "5.01"), (5001, .create, "5.01"), (4004, .create, "4.04"), (5103, .create, "4.04"),
            (4005, .create, "4.05"), (4008, .create, "5.04"), (4015, .create, "4.15"), (4103, .create, "4.03"),
            (4105, .create, "4.03"), (4106, .create, "4.03"), (4107, .create, "4.03"), (4117, .create, "4.03"),
            (4120, .create, "4.02"), (5207, .create, "4.06"), (5000, .create, "5.00"), (5204, .create, "5.00"),
            (1002, .retrieve, "2.01"), (4143, .create, "4.00"), (5214, .create, "4.03"), (5215, .create, "4.03"),
            (5216, .create, "5.00"), (5218, .create, "4.03"), (5219, .create, "4.00"), (5220, .create, "4.00"),
            (5221, .create, "5.00"), (5222, .create, "4.03"), (6003, .create, "4.04"), (6020, .create, "5.00"),
            (6024, .create, "4.00"), (6028, .create, "4.00"), (6029, .create, "4.00"), (6030, .create, "5.04"),
            (6031, .create, "5.04"),
        ])
    func codes(status: Int, operation: Operation, code: String) {
        #expect(ResponseStatus(rawValue: status).coapCode(of: operation).description == code)
    }

    @Test("Responses there and back, by option 307; as a whole primitive too")
    func responses() throws {
        let request = RequestPrimitive(
            .create, to: "/gw2/cse", from: "/gw1/Ca", requestIdentifier: "r1", resourceType: .container)
        var response = ResponsePrimitive(
            .created, requestIdentifier: "r1", content: ["m2m:cnt": ["ri": "c4f"]], releaseVersion: "3")
        response.assignedTokens = [AssignedToken(localTokenID: "l1", tokenID: "t@x")]
        for form in Serialization.allCases {
            for isWhole in [false, true] {
                let sent = CoAPResponseMapping.message(response, to: request, isWhole: isWhole, form: form)
                #expect(sent.code == .created)
                #expect(sent.options.uint(.oneM2MResponseStatus) == 2001)
                #expect(isWhole || sent.location == "/~/gw2/c4f")
                #expect(try CoAPResponseMapping.response(sent, to: request) == response)
            }
        }
        let refusal = ResponsePrimitive(OneM2MError(.conflict, "the name is taken"), to: request)
        let sent = CoAPResponseMapping.message(refusal, to: request, isWhole: false, form: .json)
        #expect(sent.code == .forbidden)
        #expect(try CoAPResponseMapping.response(sent, to: request).status == .conflict)
        let other = ResponsePrimitive(.ok, requestIdentifier: "r2")
        let wrong = CoAPResponseMapping.message(other, to: request, isWhole: false, form: .json)
        #expect(throws: TransportError.self) { try CoAPResponseMapping.response(wrong, to: request) }
        #expect(try CoAPResponseMapping.response(Message(code: .notFound), to: request).status == .notFound)
    }
}
