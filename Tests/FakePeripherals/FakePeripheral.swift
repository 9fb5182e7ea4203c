import Advertising
import GATT
import OneLoop

/// A peripheral in memory: attributes, and the ways in which a real one misbehaves.
@Loop
package final class FakePeripheral {
    /// An attribute.
    package struct Attribute {
        package var type: AttributeType
        package var value: [UInt8]
        package var needs = LinkSecurity.none
        package var isWritable = true
        package var refuses: ATTError?
    }

    /// How it answers.
    package enum Manner {
        case well
        /// Not at all.
        case silent
        /// Not to requests with this opcode.
        case silentTo(UInt8)
        /// With these bytes, whatever is asked.
        case always([UInt8])
        /// With this error, whatever is asked.
        case refusing(ATTError)
        /// With an answer to something else.
        case outOfStep
        /// Hangs up.
        case hangsUp
    }

    package init() {}

    package var attributes: [AttributeHandle: Attribute] = [:]
    package var manner = Manner.well
    package var mtu: UInt16 = 185
    package var refusesMTU = false
    /// What raising the security leads to; nil refuses.
    package var pairs: LinkSecurity? = .encrypted
    package private(set) var requests: [ATTPDU] = []
    package private(set) var written: [[UInt8]] = []
    package private(set) var confirmations = 0
    private var agreed: UInt16 = 23
    private var prepared: [(AttributeHandle, Int, [UInt8])] = []
    package private(set) weak var link: FakeLink?
    /// How often somebody connected.
    package private(set) var connections = 0

    private var next: AttributeHandle = 1
    private var groupEnds: [AttributeHandle: AttributeHandle] = [:]
    private var lastService: AttributeHandle = 0

    /// Adds a service; what follows belongs to it.
    package func service(_ type: AttributeType) {
        lastService = next
        add(Attribute(type: 0x2800, value: type.wire))
    }

    /// Adds a characteristic, with its configuration when it notifies or indicates.
    @discardableResult
    package func characteristic(
        _ type: AttributeType, _ properties: GATTDatabase.Properties, _ value: [UInt8],
        needs: LinkSecurity = .none
    ) -> AttributeHandle {
        let handle = next + 1
        add(
            Attribute(
                type: 0x2803,
                value: [properties.rawValue, UInt8(truncatingIfNeeded: handle), UInt8(handle >> 8)] + type.wire))
        add(
            Attribute(
                type: type, value: value, needs: needs,
                isWritable: !properties.isDisjoint(with: [.write, .writeWithoutResponse])))
        if !properties.isDisjoint(with: [.notify, .indicate]) { add(Attribute(type: 0x2902, value: [0, 0])) }
        return handle
    }

    /// Adds a descriptor to the characteristic before it.
    @discardableResult
    package func descriptor(_ type: AttributeType, _ value: [UInt8]) -> AttributeHandle {
        add(Attribute(type: type, value: value, isWritable: false))
    }

    @discardableResult
    private func add(_ attribute: Attribute) -> AttributeHandle {
        attributes[next] = attribute
        groupEnds[lastService] = next
        next += 1
        return next - 1
    }

    /// A new link to it.
    package func connect() -> FakeLink {
        connections += 1
        agreed = 23
        let link = FakeLink(self)
        self.link = link
        return link
    }

    /// Tells a value, unasked, if that is asked for.
    package func tell(_ handle: AttributeHandle, _ value: [UInt8]) {
        attributes[handle]?.value = value
        switch attributes[handle + 1]?.value.first {
        case 1?: link?.deliver(ATTPDU.notification(handle, value).encoded)
        case 2?: link?.deliver(ATTPDU.indication(handle, value).encoded)
        default: break
        }
    }

    func received(_ bytes: [UInt8], on link: FakeLink) {
        guard let pdu = try? ATTPDU(bytes) else { return }
        if case .confirmation = pdu {
            confirmations += 1
            return
        }
        requests.append(pdu)
        switch manner {
        case .well: break
        case .silent: return
        case .silentTo(let opcode): if pdu.opcode == opcode { return }
        case .always(let bytes): return link.deliver(bytes)
        case .refusing(let error):
            return link.deliver(ATTPDU.errorResponse(request: pdu.opcode, handle: 0, error: error).encoded)
        case .outOfStep: return link.deliver(ATTPDU.writeResponse.encoded)
        case .hangsUp: return link.drop(GATTError(.disconnected, "it hung up"))
        }
        if let answer = answer(pdu, link.security) { link.deliver(answer.encoded) }
    }

    private func answer(_ pdu: ATTPDU, _ security: LinkSecurity) -> ATTPDU? {
        func refuse(_ handle: AttributeHandle, _ error: ATTError) -> ATTPDU {
            .errorResponse(request: pdu.opcode, handle: handle, error: error)
        }
        func check(_ handle: AttributeHandle) -> ATTError? {
            guard let attribute = attributes[handle] else { return .invalidHandle }
            if security < attribute.needs {
                return attribute.needs == .encrypted ? .insufficientEncryption : .insufficientAuthentication
            }
            return attribute.refuses
        }
        switch pdu {
        case .exchangeMTURequest(let theirs):
            if refusesMTU { return refuse(0, .requestNotSupported) }
            agreed = max(23, min(theirs, mtu))
            return .exchangeMTUResponse(mtu)
        case .readByGroupTypeRequest(let first, let last, let type):
            var groups: [ATTPDU.Group] = []
            for (handle, attribute) in sorted(first, last) where attribute.type == type {
                let group = ATTPDU.Group(first: handle, last: groupEnds[handle] ?? handle, value: attribute.value)
                guard groups.allSatisfy({ $0.value.count == group.value.count }),
                    2 + (groups.count + 1) * (4 + group.value.count) <= agreed
                else { break }
                groups.append(group)
            }
            return groups.isEmpty ? refuse(first, .attributeNotFound) : .readByGroupTypeResponse(groups)
        case .readByTypeRequest(let first, let last, let type):
            var list: [ATTPDU.HandleValue] = []
            for (handle, attribute) in sorted(first, last) where attribute.type == type {
                guard list.allSatisfy({ $0.value.count == attribute.value.count }),
                    2 + (list.count + 1) * (2 + attribute.value.count) <= agreed
                else { break }
                list.append(ATTPDU.HandleValue(handle: handle, value: attribute.value))
            }
            return list.isEmpty ? refuse(first, .attributeNotFound) : .readByTypeResponse(list)
        case .findInformationRequest(let first, let last):
            var list: [ATTPDU.Information] = []
            for (handle, attribute) in sorted(first, last) {
                guard list.allSatisfy({ $0.type.wire.count == attribute.type.wire.count }),
                    2 + (list.count + 1) * (2 + attribute.type.wire.count) <= agreed
                else { break }
                list.append(ATTPDU.Information(handle: handle, type: attribute.type))
            }
            return list.isEmpty ? refuse(first, .attributeNotFound) : .findInformationResponse(list)
        case .readRequest(let handle):
            if let error = check(handle) { return refuse(handle, error) }
            return .readResponse(Array((attributes[handle]?.value ?? []).prefix(Int(agreed) - 1)))
        case .readBlobRequest(let handle, let offset):
            if let error = check(handle) { return refuse(handle, error) }
            let value = attributes[handle]?.value ?? []
            guard offset <= value.count else { return refuse(handle, .invalidOffset) }
            return .readBlobResponse(Array(value.dropFirst(Int(offset)).prefix(Int(agreed) - 1)))
        case .writeRequest(let handle, let value), .writeCommand(let handle, let value):
            let isCommand = pdu.opcode == 0x52
            if let error = check(handle) { return isCommand ? nil : refuse(handle, error) }
            guard attributes[handle]?.isWritable == true else { return refuse(handle, .writeNotPermitted) }
            attributes[handle]?.value = value
            written.append(value)
            return isCommand ? nil : .writeResponse
        case .prepareWriteRequest(let handle, let offset, let value):
            if let error = check(handle) { return refuse(handle, error) }
            prepared.append((handle, Int(offset), value))
            return .prepareWriteResponse(handle, offset: offset, value)
        case .executeWriteRequest(let isWanted):
            if isWanted {
                for (handle, offset, value) in prepared {
                    let before = attributes[handle]?.value.prefix(offset) ?? []
                    attributes[handle]?.value = before + value
                }
                if let first = prepared.first, let value = attributes[first.0]?.value { written.append(value) }
            }
            prepared = []
            return .executeWriteResponse
        default: return nil
        }
    }

    private func sorted(_ first: AttributeHandle, _ last: AttributeHandle) -> [(AttributeHandle, Attribute)] {
        attributes.filter { first <= $0.key && $0.key <= last }.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
    }
}

/// A link to a fake peripheral; what it delivers arrives a turn of the loop later, as from a socket.
@Loop
package final class FakeLink: ATTLink {
    package var onEvent: (@Loop (ATTLinkEvent) -> Void)?
    package private(set) var security = LinkSecurity.none
    package private(set) var isClosed = false
    private let peripheral: FakePeripheral

    init(_ peripheral: FakePeripheral) { self.peripheral = peripheral }

    package func send(_ message: [UInt8]) {
        Task { @Loop in if !self.isClosed { self.peripheral.received(message, on: self) } }
    }

    package func deliver(_ bytes: [UInt8]) {
        Task { @Loop in if !self.isClosed { self.onEvent?(.received(bytes)) } }
    }

    package func drop(_ reason: GATTError) {
        guard !isClosed else { return }
        isClosed = true
        onEvent?(.closed(reason))
    }

    package func raise(to level: LinkSecurity) throws(GATTError) {
        guard let reached = peripheral.pairs else { throw GATTError(.pairingFailed, "it refuses to pair") }
        Task { @Loop in self.security = min(max(level, .encrypted), reached) }
    }

    package func close() { isClosed = true }
}

/// A radio that reaches fake peripherals.
@Loop
package final class FakeConnector: ATTConnector {
    /// Those in reach.
    package var peripherals: [BluetoothAddress: FakePeripheral] = [:]
    /// What every attempt fails with; nil for none.
    package var failure: GATTError?
    /// Whether attempts hang until their time is over.
    package var hangs = false
    /// How often somebody tried.
    package private(set) var attempts = 0

    package nonisolated init() {}

    package func connect(to peer: ATTPeer, timeout: Duration) async throws(GATTError) -> any ATTLink {
        attempts += 1
        if hangs { try? await Task.sleep(for: timeout) }
        if let failure { throw failure }
        guard let peripheral = peripherals[peer.address] else {
            throw GATTError(.unreachable, "it could not be connected to: nobody answers")
        }
        return peripheral.connect()
    }
}

/// Lets the loop turn until `condition` holds, at most two seconds.
@Loop
package func settle(_ condition: @Loop () -> Bool) async {
    for _ in 0..<2_000 where !condition() { try? await Task.sleep(for: .milliseconds(1)) }
}
