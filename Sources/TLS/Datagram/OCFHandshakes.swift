import CMbedTLS

/// The two things of OCF's handshakes that stand on the shim before the library (docs/psk-shim.md): an identity hint
/// with pre-shared keys, and the suite 0xFF00 of "just works".
public enum OCFHandshakes {
    /// Whether this process has them.
    public enum Availability: Sendable, Hashable {
        /// Both are there.
        case available
        /// Neither is; with the reason, for the log.
        case unavailable(reason: String)
    }

    /// Asked once, by trying; later answers are remembered. Configurations that need the shim throw `.unavailable`
    /// without it, and everything else works.
    public static let availability: Availability =
        gh_ocf_shim_is_active() == 1 ? .available : .unavailable(reason: missing)

    /// Whether this process has them.
    public static var areAvailable: Bool { availability == .available }

    static let missing =
        "the mbedTLS library of this process does not call through Gatehouse's shim (linked statically, or built so "
        + "that its functions cannot be preceded); expected Debian's shared libmbedtls 2.28 or 3.6. Ownership "
        + "transfer by PIN or just works, and owners' sessions by key, are not offered"
}
