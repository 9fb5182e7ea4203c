import Access
import ProvisioningModel
import XMPP

/// What libFuzzer calls: the bytes are a payload of XEP-0324, or a record of a remembered answer. Whatever a decoder takes
/// must be taken again when written, and nothing may trap.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOne(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let bytes = Array(UnsafeBufferPointer(start: start, count: count))
    let header =
        "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>"
        + "<iq xmlns:p='\(Provisioning.namespace)' xmlns='\(Provisioning.namespace)'>"
    let reader = XMLStreamReader()
    for case .element(let element) in reader.read(Array(header.utf8) + bytes + Array("</iq>".utf8)).events {
        for payload in element.children { judge(payload) }
    }
    if let record = DecisionRecord(bytes) {
        precondition(DecisionRecord(record.bytes) == record, "the record changed")
    }
    return 0
}

private func judge(_ element: XMLElement) {
    guard let payload = try? ProvisioningPayload(element) else { return }
    precondition((try? ProvisioningPayload(payload.element)) == payload, "the payload changed")
    guard case .downloadPrivilegesResponse(let list) = payload else { return }
    for entry in list.entries {
        switch entry {
        case .include(let id), .exclude(let id): _ = list.allows(id)
        }
    }
}
