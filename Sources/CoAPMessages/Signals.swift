/// What a Capabilities and Settings Message says (RFC 8323 §5.3).
public struct Capabilities: Sendable, Hashable {
    /// The size every endpoint takes before a CSM says otherwise (RFC 8323 §5.3.1): 1,152 bytes.
    public static let baseMaxMessageSize = 1152

    /// The largest message the sender takes, in bytes, header and token included.
    public var maxMessageSize = Capabilities.baseMaxMessageSize

    /// Whether the sender does block-wise transfer.
    public var blockWiseTransfer = false

    /// What holds before a CSM has come.
    public init() {}

    /// These settings.
    public init(maxMessageSize: Int, blockWiseTransfer: Bool) {
        self.maxMessageSize = maxMessageSize
        self.blockWiseTransfer = blockWiseTransfer
    }

    /// Whether BERT may be used towards the sender (RFC 8323 §6).
    public var admitsBERT: Bool {
        blockWiseTransfer && maxMessageSize > Capabilities.baseMaxMessageSize
    }

    /// Takes over what a further CSM says; what it leaves out stays as it is (RFC 8323 §5.3).
    ///
    /// - Throws: ``OptionFault`` for a critical option, none of which is defined, and for a Max-Message-Size of more
    ///   than four bytes: the connection is to be aborted with Bad-CSM-Option.
    public mutating func apply(_ csm: Options) throws(OptionFault) {
        for element in csm {
            if element.number == .csmMaxMessageSize {
                guard element.value.count <= 4 else { throw OptionFault(kind: .length, number: element.number) }
                maxMessageSize = Int(truncatingIfNeeded: unsignedInteger(element.value))
            } else if element.number == .csmBlockWiseTransfer {
                blockWiseTransfer = true
            } else if element.number.isCritical {
                throw OptionFault(kind: .unknown, number: element.number)
            }
        }
    }

    /// The message that says so.
    public func message(token: Token) -> Message {
        var options = Options()
        options.add(.csmMaxMessageSize, uint: UInt64(maxMessageSize))
        if blockWiseTransfer { options.add(.csmBlockWiseTransfer, []) }
        return Message(code: .csm, token: token, options: options)
    }
}

/// What a Release says (RFC 8323 §5.5).
public struct ReleaseNotice: Sendable, Hashable {
    /// Where to connect instead, in the order of preference.
    public var alternativeAddresses: [String] = []
    /// How long to stay away, in seconds.
    public var holdOff: UInt32?
    /// What the peer tells people.
    public var diagnostic = ""

    /// Nothing said.
    public init() {}

    /// Reads a Release.
    public init(_ message: Message) {
        alternativeAddresses = message.options.strings(.alternativeAddress)
        holdOff = message.options.first(.holdOff).map { UInt32(truncatingIfNeeded: unsignedInteger($0)) }
        diagnostic = String(decoding: message.payload, as: UTF8.self)
    }

    /// The message that says so.
    public func message(token: Token) -> Message {
        var options = Options()
        for address in alternativeAddresses { options.add(.alternativeAddress, string: address) }
        if let holdOff { options.add(.holdOff, uint: UInt64(holdOff)) }
        return Message(code: .release, token: token, options: options, payload: Array(diagnostic.utf8))
    }
}
