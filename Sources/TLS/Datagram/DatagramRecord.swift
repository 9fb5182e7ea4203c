import NIOCore

/// What can be seen of a datagram's first record without keys, to find whom it is for. The library judges it.
struct DatagramRecord {
    enum Kind {
        /// A ClientHello (RFC 6347 4.2.2), with the random that tells one attempt from another.
        case clientHello(random: [UInt8], hasCookie: Bool)
        case other
    }

    let kind: Kind

    /// Header of a record (RFC 6347 4.1): type, version, epoch, sequence number, length.
    private static let header = 13
    /// Header of a handshake message (RFC 6347 4.2.2): type, length, sequence number, fragment.
    private static let messageHeader = 12

    /// Nil for what is no record of DTLS 1.0 or 1.2.
    init?(_ datagram: ByteBuffer) {
        let start = datagram.readerIndex
        guard let type = datagram.getInteger(at: start, as: UInt8.self), (20...23).contains(type),
            let version = datagram.getInteger(at: start + 1, as: UInt16.self), version == 0xFEFF || version == 0xFEFD,
            let epoch = datagram.getInteger(at: start + 3, as: UInt16.self),
            let length = datagram.getInteger(at: start + 11, as: UInt16.self),
            length > 0, datagram.readableBytes >= Self.header + Int(length)
        else { return nil }
        let message = start + Self.header
        let body = message + Self.messageHeader
        // client_hello(1) in the clear, its first fragment; behind the version the random, the session, the cookie.
        guard type == 22, epoch == 0, datagram.getInteger(at: message, as: UInt8.self) == 1,
            datagram.getBytes(at: message + 6, length: 3) == [0, 0, 0],
            let random = datagram.getBytes(at: body + 2, length: 32),
            let session = datagram.getInteger(at: body + 34, as: UInt8.self), session <= 32,
            let cookie = datagram.getInteger(at: body + 35 + Int(session), as: UInt8.self)
        else {
            kind = .other
            return
        }
        kind = .clientHello(random: random, hasCookie: cookie > 0)
    }
}
