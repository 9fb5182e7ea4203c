import GATT

/// What libFuzzer calls: nothing may trap, what decodes must encode stably, and a bearer that is fed anything answers each
/// request once at most and keeps its limits.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    codec(bytes)
    bearer(bytes)
    if let database = GATTDatabase(bytes) {
        precondition(database.encoded == bytes || GATTDatabase(database.encoded) == database, "the database changed")
    }
    return 0
}

private func codec(_ bytes: [UInt8]) {
    guard let pdu = try? ATTPDU(bytes) else { return }
    let encoded = pdu.encoded
    precondition(encoded.first == bytes.first, "the opcode changed")
    guard let again = try? ATTPDU(encoded) else { preconditionFailure("what was encoded does not decode") }
    precondition(again.encoded == encoded, "the encoding is not stable")
}

/// The input as steps of `length | content`; an empty step asks something, one of a single byte lets time pass.
private func bearer(_ bytes: [UInt8]) {
    var bearer = ATTBearer()
    var now = ContinuousClock.now
    var rest = bytes[...]
    var open: Set<UInt64> = []
    var lastID: UInt64 = 0
    while let length = rest.popFirst() {
        let content = Array(rest.prefix(Int(length)))
        rest = rest.dropFirst(Int(length))
        let input: ATTBearer.Input
        switch content.count {
        case 0:
            lastID += 1
            open.insert(lastID)
            let requests: [ATTPDU] = [
                .readRequest(1), .exchangeMTURequest(517), .findInformationRequest(first: 1, last: 9),
                .readByTypeRequest(first: 1, last: 9, type: 0x2803), .writeRequest(1, [1]),
            ]
            input = .request(lastID, requests[Int(lastID) % requests.count])
        case 1:
            now += .seconds(Int(content[0]))
            input = .tick
        default: input = .received(content)
        }
        for output in bearer.handle(input, at: now) {
            switch output {
            case .answered(let id, _), .failed(let id, _):
                precondition(open.remove(id) != nil, "a request was answered twice, or never asked")
            case .send, .told, .close: break
            }
        }
        precondition(bearer.mtu >= 23 && bearer.mtu <= 517, "an MTU out of bounds")
        precondition((bearer.deadline == nil) == open.isEmpty, "requests wait without a deadline")
    }
}
