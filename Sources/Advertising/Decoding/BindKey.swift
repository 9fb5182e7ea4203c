import CMbedTLS

/// A device's AES-128 key, expanded and ready for CCM.
///
/// Keep one for each device: making it allocates, using it does not. Not for use by two threads at a time, hence not
/// `Sendable`; the key's bytes are wiped when it goes.
public final class BindKey {
    private let context: OpaquePointer

    /// A key of exactly 16 bytes; nil for another count, or without memory.
    public init?(_ bytes: [UInt8]) {
        guard bytes.count == 16, let context = gh_ccm_new(bytes) else { return nil }
        self.context = context
    }

    /// A key of 32 hexadecimal digits; nil for anything else.
    public convenience init?(hex: String) {
        guard let bytes = Hex.bytes(hex) else { return nil }
        self.init(bytes)
    }

    deinit {
        gh_ccm_free(context)
    }

    /// Decrypts `message[cipher]` into the front of `plain` and checks the tag, which is what follows at `tag`.
    ///
    /// - Returns: whether the tag fits; when not, `plain` is zero.
    func decrypt(
        _ message: Span<UInt8>, cipher: Range<Int>, tag: Range<Int>, nonce: Span<UInt8>, into plain: inout [UInt8]
    ) -> Bool {
        guard cipher.upperBound <= message.count, tag.upperBound <= message.count, cipher.count <= plain.count else {
            return false
        }
        return message.withUnsafeBufferPointer { message in
            nonce.withUnsafeBufferPointer { nonce in
                plain.withUnsafeMutableBufferPointer { plain in
                    guard let message = message.baseAddress else { return false }
                    return gh_ccm_decrypt(
                        context, nonce.baseAddress, nonce.count, nil, 0, message + cipher.lowerBound, cipher.count,
                        plain.baseAddress, message + tag.lowerBound, tag.count) == 0
                }
            }
        }
    }
}
