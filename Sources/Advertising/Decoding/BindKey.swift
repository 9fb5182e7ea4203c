import CMbedTLS

/// A device's AES-128 key, expanded and ready for CCM.
///
/// Keep one for each device: making it allocates, using it does not. Not for use by two threads at a time, hence not
/// `Sendable`; the key's bytes are wiped when it goes.
public final class BindKey {
    private let context: OpaquePointer

    /// A key of 16 bytes, or of 12 for MiBeacon before version 4; nil for another count, or without memory.
    public init?(_ bytes: [UInt8]) {
        var key = bytes
        // Xiaomi's old keys have a fixed middle (xiaomi-ble, `set_bindkey`).
        if bytes.count == 12 { key = bytes[..<6] + [0x8D, 0x3D, 0x3C, 0x97] + bytes[6...] }
        guard key.count == 16, let context = gh_ccm_new(key) else { return nil }
        self.context = context
    }

    /// A key of 32 or 24 hexadecimal digits; nil for anything else.
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
        _ message: Span<UInt8>, cipher: Range<Int>, tag: Range<Int>, nonce: Span<UInt8>, associated: UInt8? = nil,
        into plain: inout [UInt8]
    ) -> Bool {
        guard cipher.upperBound <= message.count, tag.upperBound <= message.count, cipher.count <= plain.count else {
            return false
        }
        return message.withUnsafeBufferPointer { message in
            nonce.withUnsafeBufferPointer { nonce in
                plain.withUnsafeMutableBufferPointer { plain in
                    guard let message = message.baseAddress else { return false }
                    var data = associated ?? 0
                    return gh_ccm_decrypt(
                        context, nonce.baseAddress, nonce.count, &data, associated == nil ? 0 : 1,
                        message + cipher.lowerBound, cipher.count, plain.baseAddress, message + tag.lowerBound,
                        tag.count) == 0
                }
            }
        }
    }

    /// Decrypts `message[cipher]` into the front of `plain` without any proof that the key is right, for the old form of
    /// MiBeacon, whose tag is cut to a byte that nobody can check. The caller judges what comes out.
    ///
    /// - Returns: whether it could be done at all.
    func decryptUnproved(
        _ message: Span<UInt8>, cipher: Range<Int>, nonce: Span<UInt8>, into plain: inout [UInt8]
    ) -> Bool {
        guard cipher.upperBound <= message.count, cipher.count <= plain.count else { return false }
        return message.withUnsafeBufferPointer { message in
            nonce.withUnsafeBufferPointer { nonce in
                plain.withUnsafeMutableBufferPointer { plain in
                    guard let message = message.baseAddress else { return false }
                    // CCM encrypts by adding a key stream, so that encrypting once more takes it off again.
                    var tag = InlineArray<4, UInt8>(repeating: 0)
                    var span = tag.mutableSpan
                    return span.withUnsafeMutableBufferPointer { tag in
                        gh_ccm_encrypt(
                            context, nonce.baseAddress, nonce.count, nil, 0, message + cipher.lowerBound, cipher.count,
                            plain.baseAddress, tag.baseAddress, tag.count) == 0
                    }
                }
            }
        }
    }
}
