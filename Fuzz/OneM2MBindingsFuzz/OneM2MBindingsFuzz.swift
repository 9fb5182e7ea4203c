import CoAPMessages
import NIOHTTP1
import OneM2MDoor
import OneM2MPrimitives

/// What libFuzzer calls: the bytes are a CoAP message, and the parts of an HTTP message; nothing may trap, and a request
/// that is taken is the same when it is written and read again.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = [UInt8](UnsafeBufferPointer(start: start, count: count))
    if let datagram = try? Datagram.decode(bytes) { judge(datagram.message) }
    fuzzHTTP(bytes)
    let text = String(decoding: bytes, as: UTF8.self)
    if let point = PointOfAccess(text) {
        precondition(PointOfAccess("\(point)") == point, "a point of access changed")
    }
    _ = Serialization(accept: text)
    return 0
}

private func judge(_ message: Message) {
    let asked = RequestPrimitive(.retrieve, to: "/a/b", from: "Ca", requestIdentifier: "1")
    _ = try? CoAPResponseMapping.response(message, to: asked)
    guard let incoming = try? CoAPRequestMapping.request(message), !incoming.request.to.isEmpty else { return }
    let written = CoAPRequestMapping.message(incoming.request, base: "", isWholeTarget: false, form: .json)
    guard let again = try? CoAPRequestMapping.request(written) else {
        // A path that was no address to begin with, such as one of three slashes.
        return
    }
    precondition(again.request == incoming.request, "a request changed over CoAP")
}

/// The first line is the method and the target, further lines up to an empty one are header fields, the rest is the body.
private func fuzzHTTP(_ bytes: [UInt8]) {
    var lines = bytes.split(separator: 10, maxSplits: 32, omittingEmptySubsequences: false)[...]
    guard let first = lines.popFirst() else { return }
    let words = first.split(separator: 32, maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
    guard words.count == 2 else { return }
    var headers = HTTPHeaders()
    while let line = lines.popFirst(), !line.isEmpty {
        let parts = line.split(separator: UInt8(ascii: ":"), maxSplits: 1).map { String(decoding: $0, as: UTF8.self) }
        // Others never leave NIO's decoder, and it takes none.
        if parts.count == 2, parts[0].utf8.allSatisfy({ $0 < 0x80 }) { headers.add(name: parts[0], value: parts[1]) }
    }
    let body = Array(lines.joined(separator: [10]))
    let method: HTTPMethod =
        switch words[0] {
        case "G": .GET
        case "P": .POST
        case "U": .PUT
        case "D": .DELETE
        default: .RAW(value: words[0])
        }
    let http = HTTPRequest(method, words[1], headers: headers, body: body)
    let asked = RequestPrimitive(.retrieve, to: "/a/b", from: "Ca", requestIdentifier: "1")
    _ = try? HTTPResponseMapping.response(HTTPAnswer(.ok, headers: headers, body: body), to: asked)
    guard let request = try? HTTPRequestMapping.request(http) else { return }
    let response = ResponsePrimitive(.created, requestIdentifier: request.requestIdentifier, content: request.content)
    for form in Serialization.allCases { _ = HTTPResponseMapping.http(response, to: request, form: form) }
    let written = HTTPRequestMapping.http(request, base: "", isWholeTarget: false, form: .json)
    precondition(!written.target.utf8.contains { $0 <= 32 || $0 == 127 }, "a target with white space")
    precondition(
        !written.headers.contains { $0.value.utf8.contains { $0 == 10 || $0 == 13 } }, "a header with a line end")
}
