import CBOR
import CoAPMessages
import OCFModel
import Testing

@Suite struct RequestTests {
    static func post(_ body: [UInt8], format: UInt16?, version: UInt16? = nil) -> Message {
        var message = Message(code: .post, path: "/a", contentFormat: format, payload: body)
        message.ocfContentFormatVersion = version
        return message
    }

    static let map = CBOR.encode(["value": true])

    static let bodies: [(Message, Code?)] = [
        (post(map, format: 10_000, version: 2048), nil),
        (post(map, format: 10_000, version: 2112), nil),
        (post(map, format: 10_000), nil),
        (post(map, format: 60), nil),
        (post(map, format: nil), nil),
        (post([], format: nil), nil),
        (post(map, format: 10_000, version: 4096), .unsupportedContentFormat),
        (post(map, format: 10_000, version: 0), .unsupportedContentFormat),
        (post(Array("{}".utf8), format: 50), .unsupportedContentFormat),
        (post(map, format: 0), .unsupportedContentFormat),
        (post([0xFF], format: 10_000, version: 2048), .badRequest),
        (post(map + [0], format: 60), .badRequest),
        (post([0xA1, 0x01], format: 60), .badRequest),
    ]

    @Test("bodies are read or refused with their code", arguments: bodies)
    func body(_ message: Message, _ code: Code?) throws {
        if let code {
            let error = #expect(throws: ResourceError.self) { try ResourceRequest(message) }
            #expect(error?.code == code)
        } else {
            let request = try ResourceRequest(message)
            #expect(request.body == (message.payload.isEmpty ? nil : ["value": true]))
        }
    }

    static let accepts: [(UInt16?, UInt16?, UInt16?)] = [
        (nil, nil, 10_000), (10_000, 2048, 10_000), (10_000, nil, 10_000), (60, nil, 60), (60, 4096, 60),
        (10_000, 2112, 10_000), (10_000, 4096, nil), (nil, 4096, nil), (50, nil, nil), (0, nil, nil), (40, nil, nil),
    ]

    @Test("Accept chooses the format or is refused with 4.06", arguments: accepts)
    func accept(_ accept: UInt16?, _ version: UInt16?, _ format: UInt16?) throws {
        var message = Message(code: .get, path: "/a")
        message.accept = accept
        message.ocfAcceptVersion = version
        if let format {
            #expect(try ResourceRequest(message).responseFormat == format)
        } else {
            let error = #expect(throws: ResourceError.self) { try ResourceRequest(message) }
            #expect(error?.code == .notAcceptable)
        }
    }

    @Test("queries are sorted out")
    func queries() throws {
        let message = Message(
            code: .get, path: "/oic/res", query: ["if=oic.if.ll", "rt=a", "rt=b", "sduuid=x", "x", "if=oic.if.ll"])
        let request = try ResourceRequest(message)
        #expect(request.interface == .linkList)
        #expect(request.resourceTypes == ["a", "b"])
        #expect(request[query: "sduuid"] == "x")
        #expect(request[query: "x"] == "")
        #expect(request[query: "y"] == nil)
        #expect(request.path == ["oic", "res"])
        let error = #expect(throws: ResourceError.self) {
            try ResourceRequest(Message(code: .get, query: ["if=oic.if.ll", "if=oic.if.b"]))
        }
        #expect(error?.code == .badRequest)
    }

    static let operations: [(Code, String?, ResourceRequest.Operation?)] = [
        (.get, nil, .retrieve), (.post, nil, .update), (.post, "oic.if.create", .create), (.put, nil, .create),
        (.delete, nil, .delete), (.fetch, nil, nil), (.patch, nil, nil), (.ipatch, nil, nil),
    ]

    @Test("methods become operations", arguments: operations)
    func operation(_ code: Code, _ interface: String?, _ operation: ResourceRequest.Operation?) throws {
        let message = Message(code: code, path: "/a", query: interface.map { ["if=\($0)"] } ?? [])
        if let operation {
            #expect(try ResourceRequest(message).operation == operation)
        } else {
            let error = #expect(throws: ResourceError.self) { try ResourceRequest(message) }
            #expect(error?.code == .methodNotAllowed)
        }
    }

    @Test("observe counts in a GET alone")
    func observe() throws {
        var message = Message(code: .get)
        #expect(try ResourceRequest(message).observes == nil)
        message.observe = 0
        #expect(try ResourceRequest(message).observes == true)
        message.observe = 1
        #expect(try ResourceRequest(message).observes == false)
        message.observe = 2
        #expect(try ResourceRequest(message).observes == nil)
        message.code = .post
        message.observe = 0
        #expect(try ResourceRequest(message).observes == nil)
    }

    static let sensor: [Interface] = [.sensor, .baseline]
    static let actuator: [Interface] = [.actuator, .baseline]
    static let collection: [Interface] = [.linkList, .batch, .baseline]

    static let selections: [(Code, String?, [Interface], Interface?, Code?)] = [
        (.get, nil, sensor, .sensor, nil),
        (.get, "oic.if.baseline", sensor, .baseline, nil),
        (.get, "oic.if.rw", sensor, nil, .badRequest),
        (.get, "nonsense", sensor, nil, .badRequest),
        (.get, "", sensor, nil, .badRequest),
        (.get, nil, collection, .linkList, nil),
        (.get, "oic.if.b", collection, .batch, nil),
        (.post, nil, sensor, nil, .methodNotAllowed),
        (.post, "oic.if.baseline", sensor, nil, .methodNotAllowed),
        (.post, "oic.if.a", sensor, nil, .badRequest),
        (.post, nil, actuator, .actuator, nil),
        (.post, "oic.if.baseline", actuator, .baseline, nil),
        (.post, nil, collection, .batch, nil),
        (.post, "oic.if.b", collection, .batch, nil),
        (.post, "oic.if.ll", collection, nil, .forbidden),
        (.post, "oic.if.create", collection, nil, .methodNotAllowed),
        (.put, nil, actuator, nil, .methodNotAllowed),
        (.delete, nil, actuator, nil, .methodNotAllowed),
    ]

    @Test("the interface is chosen or refused with its code", arguments: selections)
    func selection(
        _ method: Code, _ asked: String?, _ interfaces: [Interface], _ chosen: Interface?, _ code: Code?
    ) throws {
        let request = try ResourceRequest(Message(code: method, path: "/a", query: asked.map { ["if=\($0)"] } ?? []))
        if let code {
            let error = #expect(throws: ResourceError.self) { try request.selectInterface(of: interfaces) }
            #expect(error?.code == code)
        } else {
            #expect(try request.selectInterface(of: interfaces) == chosen)
        }
    }

    @Test("what we send has the options OCF asks for")
    func sends() throws {
        let request = Message.ocfRequest(.post, path: "/oic/sec/session", representation: ["login": true])
        #expect(request.contentFormat == 10_000 && request.ocfContentFormatVersion == 2048)
        #expect(request.accept == 10_000 && request.ocfAcceptVersion == 2048)
        let bare = Message.ocfRequest(.get, path: "/oic/res", query: ["if=oic.if.b"])
        #expect(bare.contentFormat == nil && bare.ocfContentFormatVersion == nil && bare.accept == 10_000)
        #expect(bare.payload.isEmpty && bare.query == ["if=oic.if.b"])
        let plain = Message.ocfResponse(.content, ["value": true], format: 60)
        #expect(plain.contentFormat == 60 && plain.ocfContentFormatVersion == nil)
        let error = Message.ocfResponse(ResourceError(.notFound, "no /x"))
        #expect(error.code == .notFound && error.contentFormat == nil && error.payload == Array("no /x".utf8))
        let state = Message.ocfResponse(ResourceError(.forbidden, "", representation: ["dimmingSetting": 40]))
        #expect(try state.representation() == ["dimmingSetting": 40])
    }
}
