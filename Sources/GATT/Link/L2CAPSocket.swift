import Advertising
import Glibc

/// A socket of the kernel's on the attribute channel of an LE link (Core Specification Vol 3 Part A 2.1: fixed channel 4).
///
/// The constants and the layout are the kernel's interface (`net/bluetooth/bluetooth.h`, `l2cap.h`), which never changes;
/// no library is needed for them. No privilege either: connecting asks for none.
struct L2CAPSocket {
    private static let family: Int32 = 31  // AF_BLUETOOTH
    private static let l2cap: Int32 = 0  // BTPROTO_L2CAP
    private static let attributeChannel: UInt16 = 4
    private static let bluetoothLevel: Int32 = 274  // SOL_BLUETOOTH
    private static let securityOption: Int32 = 4  // BT_SECURITY
    private static let publicAddress: UInt8 = 1  // BDADDR_LE_PUBLIC
    private static let randomAddress: UInt8 = 2  // BDADDR_LE_RANDOM

    let descriptor: Int32

    /// An unconnected socket.
    ///
    /// - Throws: ``GATTError`` `noRadio`: the kernel has no Bluetooth, or the adapter of this address is not there.
    init(adapter: BluetoothAddress?) throws(GATTError) {
        let kind = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        descriptor = socket(L2CAPSocket.family, kind, L2CAPSocket.l2cap)
        guard descriptor >= 0 else {
            throw GATTError(.noRadio, "the kernel offers no Bluetooth: \(L2CAPSocket.text(errno))")
        }
        // Without an adapter's address the kernel chooses one.
        let local = L2CAPSocket.address(adapter ?? BluetoothAddress(rawValue: 0), L2CAPSocket.publicAddress)
        guard local.withUnsafeBytes({ Self.call(bind, descriptor, $0) }) == 0 else {
            let reason = L2CAPSocket.text(errno)
            Glibc.close(descriptor)
            throw GATTError(.noRadio, "the adapter cannot be had: \(reason)")
        }
    }

    /// Begins to connect; 0 when that is done at once, `EINPROGRESS` when it is under way, else what went wrong.
    func connect(to peer: ATTPeer) -> Int32 {
        let remote = L2CAPSocket.address(
            peer.address, peer.isRandom ? L2CAPSocket.randomAddress : L2CAPSocket.publicAddress)
        return remote.withUnsafeBytes { Self.call(Glibc.connect, descriptor, $0) } == 0 ? 0 : errno
    }

    /// What went wrong since this was last asked; 0 for nothing.
    var error: Int32 {
        var code: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
    }

    /// The protection that the link has.
    var security: LinkSecurity {
        // struct bt_security { level, key_size }
        var bytes: (UInt8, UInt8) = (0, 0)
        var length = socklen_t(2)
        guard getsockopt(descriptor, L2CAPSocket.bluetoothLevel, L2CAPSocket.securityOption, &bytes, &length) == 0
        else { return .none }
        return LinkSecurity(rawValue: bytes.0) ?? .none
    }

    /// Asks for a protection; 0, or what went wrong.
    func set(security: LinkSecurity) -> Int32 {
        var bytes: (UInt8, UInt8) = (security.rawValue, 0)
        let result = setsockopt(descriptor, L2CAPSocket.bluetoothLevel, L2CAPSocket.securityOption, &bytes, 2)
        return result == 0 ? 0 : errno
    }

    /// A message that has arrived; nil when there is none, empty at the end.
    func receive(into buffer: inout [UInt8]) throws(GATTError) -> [UInt8]? {
        while true {
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count >= 0 { return Array(buffer[..<count]) }
            switch errno {
            case EINTR: continue
            case EAGAIN: return nil
            default: throw GATTError(.disconnected, "the connection broke: \(L2CAPSocket.text(errno))")
            }
        }
    }

    /// Sends a message; 0, or what went wrong.
    func send(_ message: [UInt8]) -> Int32 {
        while true {
            let flags = Int32(MSG_DONTWAIT) | Int32(MSG_NOSIGNAL)
            if Glibc.send(descriptor, message, message.count, flags) >= 0 { return 0 }
            if errno != EINTR { return errno }
        }
    }

    /// struct sockaddr_l2: family | PSM 0 | address, low byte first | channel | address type, and a byte of padding.
    private static func address(_ address: BluetoothAddress, _ type: UInt8) -> [UInt8] {
        [UInt8(family), 0, 0, 0] + (0..<6).reversed().map { address[$0] }
            + [UInt8(attributeChannel), 0, type, 0]
    }

    private static func call(
        _ function: (Int32, UnsafePointer<sockaddr>, socklen_t) -> Int32, _ descriptor: Int32,
        _ bytes: UnsafeRawBufferPointer
    ) -> Int32 {
        guard let base = bytes.baseAddress else { return -1 }
        return base.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            function(descriptor, $0, socklen_t(bytes.count))
        }
    }

    /// What an error number means.
    static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
