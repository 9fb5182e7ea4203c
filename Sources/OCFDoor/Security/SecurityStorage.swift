import CBOR
import FlashStore
import OCFModel

/// Where the security state lies in the store: one value in parts, written as one change, and the device's own key.
enum SecurityStorage {
    /// The parts of the state; a number follows.
    static let statePrefix = "ocf/security/"
    /// The device's private key, in DER.
    static let keyName = "ocf/key"

    /// Bytes of a part. A value has 32 KiB at most; half of that leaves a change that adds one credential small.
    static let partLength = 16_384
    /// Bytes of the whole. A change is one record of the store, which has 64 KiB; the identity goes with it.
    static let maximumLength = 60_000

    /// The changes that keep a state; equal parts cost no flash.
    ///
    /// - Throws: ``StoreError`` with `tooLarge`.
    static func changes(keeping state: SecurityState, over store: FlashStore) throws(StoreError) -> [Change] {
        let bytes = CBOR.encode(state.stored, .asWritten)
        guard bytes.count <= maximumLength else {
            throw StoreError(
                .tooLarge,
                "the security state would have \(bytes.count) bytes; expected at most \(maximumLength): fewer or "
                    + "shorter certificates and entries")
        }
        var changes: [Change] = []
        var number = 0
        for start in stride(from: 0, to: bytes.count, by: partLength) {
            let part = Array(bytes[start..<min(start + partLength, bytes.count)])
            changes.append(.put(key: "\(statePrefix)\(number)", value: part))
            number += 1
        }
        let kept = Set((0..<number).map { "\(statePrefix)\($0)" })
        for (key, _) in store.scan(prefix: statePrefix) where !kept.contains(key) { changes.append(.remove(key: key)) }
        return changes
    }

    /// The state that the store has; nil when there is none.
    ///
    /// - Throws: ``ResourceError`` when it cannot be read: such a device serves nobody.
    static func state(in store: FlashStore, presets: FactoryPresets) throws(ResourceError) -> SecurityState? {
        var bytes: [UInt8] = []
        var number = 0
        while let part = store.get("\(statePrefix)\(number)") {
            bytes += part
            number += 1
        }
        guard number > 0 else { return nil }
        let value: CBOR.Value
        do {
            value = try CBOR.decode(bytes)
        } catch {
            throw ResourceError(.internalServerError, "the stored security state is no CBOR: \(error)")
        }
        return try SecurityState(stored: value, presets: presets)
    }
}
