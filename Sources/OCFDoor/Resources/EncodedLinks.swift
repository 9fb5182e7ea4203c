import CBOR
import OCFModel

/// Links as bytes, all but their endpoints, which depend on who asks.
struct EncodedLinks: Sendable {
    /// What their hrefs are relative to; links of another anchor have to be made anew.
    let anchor: String
    /// The maps one behind the other.
    private var bytes: [UInt8] = []
    /// Where each ends.
    private var ends: [Int] = []

    /// The bytes of links that have no endpoints yet.
    init(_ links: [Link], anchor: String) {
        self.anchor = anchor
        ends.reserveCapacity(links.count)
        for link in links {
            CBOR.encode(link.value, .asWritten, into: &bytes)
            ends.append(bytes.count)
        }
    }

    /// How many they are.
    var count: Int { ends.count }

    /// Endpoints as the member that each link is given; empty for none.
    static func member(_ endpoints: [Endpoint]) -> [UInt8] {
        guard !endpoints.isEmpty else { return [] }
        return CBOR.encode(.text("eps"), .asWritten) + CBOR.encode(.array(endpoints.map(\.value)), .asWritten)
    }

    /// Appends the links.
    ///
    /// - Parameter member: see ``member(_:)``.
    func append(to target: inout [UInt8], with member: [UInt8]) {
        guard !member.isEmpty else { return target.append(contentsOf: bytes) }
        var start = 0
        for end in ends {
            // A link has a dozen members, so that its map's head is one byte that counts them (RFC 8949 3): one more.
            target.append(bytes[start] + 1)
            target.append(contentsOf: bytes[start + 1..<end])
            target.append(contentsOf: member)
            start = end
        }
    }
}
