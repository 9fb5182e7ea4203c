import Concentrator
import XMPP
import XMPPDoor

/// What libFuzzer calls: the bytes are a stanza's payload; whatever a decoder takes must be taken again when written, and
/// nothing may trap.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let header = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
    let reader = XMLStreamReader()
    let bytes = Array(header.utf8) + UnsafeBufferPointer(start: start, count: count)
    for case .element(let element) in reader.read(bytes).events {
        for payload in [element] + element.children { judge(payload) }
    }
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    if let moment = XMLTime.moment(text) {
        precondition(XMLTime.moment(moment.iso8601) == moment || moment.millisecondsSince1970 < -62_135_596_800_000)
    }
    _ = (XMLTime.isDate(text), XMLTime.isTime(text), XMLTime.isDuration(text))
    return 0
}

private func judge(_ payload: XMLElement) {
    if let request = try? ReadoutRequest(payload) {
        precondition((try? ReadoutRequest(request.element)) == request, "the read-out changed")
    }
    if let request = try? ControlRequest(payload) {
        precondition((try? ControlRequest(request.element)) == request, "the control changed")
    }
    _ = try? ConcentratorRequest(payload)
    if let form = payload.child("x", Namespace.dataForm).flatMap({ DataForm($0) }) {
        let settings = [
            NodeSetting("a", title: "A", kind: .boolean),
            NodeSetting(
                "b", title: "B", kind: .number(minimum: 0, maximum: 9, decimals: 1, unit: nil), isRequired: true),
            NodeSetting("c", title: "C", kind: .choice(["x"]), isSecret: true),
        ]
        _ = try? SettingForm.values(form, settings, isNew: true)
    }
}
