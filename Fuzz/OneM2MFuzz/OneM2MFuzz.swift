import CBOR
import JSONText
import Logging
import NIOCore
import OneLoop
import OneM2MDoor
import OneM2MPrimitives

/// What libFuzzer calls: primitives in both forms, addresses, times, filters and rules of anything; and lines of requests to
/// a CSE that has resources. What was read must read the same when it was written, and nothing may trap.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    guard let mode = input.first else { return 0 }
    let rest = Array(input.dropFirst())
    switch mode {
    case UInt8(ascii: "J"): if let json = try? JSON.parse(rest, limits: PrimitiveLimits.json) { judge(json) }
    case UInt8(ascii: "C"):
        if let json = (try? CBOR.decode(rest, limits: PrimitiveLimits.cbor)).flatMap({ JSON(cbor: $0) }) { judge(json) }
    case UInt8(ascii: "A"): judge(String(decoding: rest, as: UTF8.self))
    case UInt8(ascii: "F"): filter(rest)
    default: requests(input)
    }
    return 0
}

private let home = CSEIdentity(spID: "sp.example.com", cseID: "gw1", baseName: "cse-gw1")

private func judge(_ json: JSON) {
    if let request = try? RequestPrimitive(json: json) {
        precondition((try? RequestPrimitive(json: request.json)) == request, "the request changed in JSON")
        precondition((try? RequestPrimitive(cbor: request.cbor)) != nil, "the request is lost in CBOR")
    }
    if let response = try? ResponsePrimitive(json: json) {
        precondition((try? ResponsePrimitive(json: response.json)) == response, "the answer changed")
    }
    if let rules = try? Privileges(json: json) {
        precondition((try? Privileges(json: rules.json)) == rules, "the rules changed")
        let asked = AccessRequest(
            home: home, originator: home.entity, operation: .retrieve, time: OneM2MTime(microseconds: 1_800_000_000))
        _ = rules.permit(asked)
    }
}

private func judge(_ text: String) {
    if let entity = EntityID(text, at: home) {
        precondition(EntityID(entity.absolute, at: home) == entity, "the absolute form is another")
        precondition(EntityID(entity.text(at: home), at: home) == entity, "the shortest form is another")
    }
    if let address = ResourceAddress(text) {
        precondition(ResourceAddress("\(address)") == address, "the address changed")
    }
    if let time = OneM2MTime(text) { precondition(OneM2MTime("\(time)") == time, "the time changed") }
    if let network = Network(text) { precondition(network.contains(network), "a network without itself") }
    _ = ScheduleEntry(text)?.contains(OneM2MTime(microseconds: 1_800_000_000))
}

private func filter(_ bytes: [UInt8]) {
    var filter = FilterCriteria()
    for pair in bytes.split(separator: UInt8(ascii: "&")) {
        let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
        guard parts.count == 2 else { continue }
        // A request with a condition that is refused is refused whole.
        guard (try? filter.add(parts[0], parts[1])) != nil else { return }
    }
    precondition((try? FilterCriteria(json: filter.json)) == filter, "the filter changed")
}

// MARK: Requests

/// A CSE with resources; made anew after so many inputs, so that each finds one much like it.
@Loop
private final class Target {
    static var current = Target()
    private static var uses = 0
    let cse: CSE

    init() {
        var settings = CSESettings(identity: home)
        settings.administrators = ["Cadmin"]
        settings.limits.resources = 200
        settings.limits.contentInstances = 100
        settings.limits.contentBytes = 10_000
        cse = CSE(settings: settings, store: nil, log: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() })
    }

    static func run(_ lines: [ArraySlice<UInt8>]) async {
        uses += 1
        if uses % 64 == 0 {
            current.cse.stop()
            current = Target()
        }
        for line in lines.prefix(40) {
            guard let json = try? JSON.parse(Array(line), limits: PrimitiveLimits.json),
                var request = try? RequestPrimitive(json: json)
            else { continue }
            // A long poll would wait for its minute.
            request.requestExpiration = .after(1)
            for address in ["127.0.0.1", "192.0.2.1"] {
                let answer = await current.cse.receive(request, from: RequestOrigin(transport: .http, address: address))
                precondition(answer.requestIdentifier == request.requestIdentifier, "an answer to another request")
                _ = answer.json.serialized()
            }
        }
        precondition(current.cse.instanceCount <= 101, "more instances than the limit")
        precondition(current.cse.resourceCount <= 420, "more resources than the limit")
    }
}

private func requests(_ input: [UInt8]) {
    let lines = input.split(separator: UInt8(ascii: "\n"))
    let done = Loop.eventLoop.makePromise(of: Void.self)
    Task { @Loop in
        await Target.run(lines)
        done.succeed()
    }
    try? done.futureResult.wait()
}
