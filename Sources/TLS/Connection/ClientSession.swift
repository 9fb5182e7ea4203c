import CMbedTLS
import Synchronization

/// The last session of a client's configuration, for the next connection.
///
/// One is enough: a configuration talks to one peer. Where it talks to several, the wrong one simply makes a full
/// handshake. The bytes hold the session's secret and stay in memory.
final class ClientSession: Sendable {
    /// A session with a ticket and a certificate takes 1 to 2 kB; larger ones are not kept.
    static let maximumSize = 16_384

    private let bytes = Mutex<[UInt8]?>(nil)

    var saved: [UInt8]? {
        get { bytes.withLock { $0 } }
    }

    func save(_ session: [UInt8]?) {
        bytes.withLock { saved in
            saved?.withUnsafeMutableBytes { gh_wipe($0.baseAddress, $0.count) }
            saved = session
        }
    }
}
