import Crypto
import Foundation
import Glibc
import ProvisioningModel

/// Whom a service lets in, or not, by one credential (XEP-0324 3.6.2).
public struct AccessEntry: Sendable, Hashable {
    /// The kinds of credential that entries can name.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Everybody; the value is `*`.
        case anybody
        /// A bare address, or a domain for everybody there.
        case jid
        /// An address of IPv4 or IPv6, or a network such as `192.0.2.0/24`.
        case ip
        /// A name in the DNS, or `*.example.org` for all below.
        case host
        /// The hash of a certificate, SHA-1 or SHA-256, in hex.
        case certificate
        /// The name that the service has checked.
        case user
        /// How the user is connected, as XEP-0324 names it.
        case connection = "protocol"
        /// A place: south, west, north, east in degrees, with commas between.
        case place
    }

    /// Its number.
    public var id: Int64
    /// Whether it lets in; one that does not counts more.
    public var isAllowed: Bool
    /// By what.
    public var kind: Kind
    /// Of which value.
    public var value: String

    /// An entry; nil when the value is none of its kind.
    public init?(id: Int64 = 0, isAllowed: Bool = true, _ kind: Kind, _ value: String) {
        self.id = id
        self.isAllowed = isAllowed
        self.kind = kind
        guard value.utf8.count <= 256 else { return nil }
        switch kind {
        case .anybody: self.value = "*"
        case .jid:
            guard let party = Party(value), party != .anybody else { return nil }
            self.value = party.description
        case .ip:
            guard Network(value) != nil else { return nil }
            self.value = value
        case .host, .user:
            guard !value.isEmpty, Ledger.isOneLine(value) else { return nil }
            self.value = kind == .host ? value.lowercased() : value
        case .certificate:
            guard let hex = Subject.hex(value), hex.utf8.count == 40 || hex.utf8.count == 64 else { return nil }
            self.value = hex
        case .connection:
            guard UserCredential.Connection(rawValue: value) != nil else { return nil }
            self.value = value
        case .place:
            let text = value.filter { $0 != " " }
            guard Self.place(text) != nil else { return nil }
            self.value = text
        }
    }

    /// South, west, north, east; nil for what is no place on earth. One across the 180th meridian takes two entries.
    private static func place(_ text: String) -> [Double]? {
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        let numbers = parts.compactMap { degrees($0) }
        guard numbers.count == 4, numbers[0] <= numbers[2], numbers[1] <= numbers[3],
            (-90...90).contains(numbers[0]), (-90...90).contains(numbers[2]),
            (-180...180).contains(numbers[1]), (-180...180).contains(numbers[3])
        else { return nil }
        return numbers
    }

    /// A number as people write one: no infinity, no hexadecimal, nothing that is no number.
    private static func degrees(_ text: Substring) -> Double? {
        guard text.utf8.allSatisfy({ (48...57).contains($0) || [43, 45, 46].contains($0) }) else { return nil }
        return Double(text)
    }

    /// Whether one who shows this is meant.
    func covers(_ credentials: [UserCredential]) -> Bool {
        if kind == .place { return isInPlace(credentials) }
        return kind == .anybody || credentials.contains { covers($0) }
    }

    private func covers(_ credential: UserCredential) -> Bool {
        switch (kind, credential) {
        case (.jid, .jid(let text)):
            guard let party = Party(value), let address = Address(text) else { return false }
            return party.covers(address.text)
        case (.ip, .ip4(let text)), (.ip, .ip6(let text)):
            return Network(value)?.contains(text) ?? false
        case (.host, .hostName(let text)):
            let name = text.lowercased()
            return value.hasPrefix("*.") ? name.hasSuffix(value.dropFirst()) : name == value
        case (.certificate, .certificate(let bytes)):
            return value == Self.hex(Insecure.SHA1.hash(data: bytes)) || value == Self.hex(SHA256.hash(data: bytes))
        case (.certificate, .certificateThumbprint(let bytes)): return value == Self.hex(bytes)
        case (.user, .userName(let text)): return value == text
        case (.connection, .connection(let connection)): return value == connection.rawValue
        default: return false
        }
    }

    private func isInPlace(_ credentials: [UserCredential]) -> Bool {
        var latitude: Double?
        var longitude: Double?
        for credential in credentials {
            if case .latitude(let number) = credential { latitude = number }
            if case .longitude(let number) = credential { longitude = number }
        }
        guard let box = Self.place(value), let latitude, let longitude else { return false }
        return (box[0]...box[2]).contains(latitude) && (box[1]...box[3]).contains(longitude)
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// What the entries say to these credentials; nil when they say nothing.
    static func decide(_ entries: [AccessEntry], _ credentials: [UserCredential]) -> Bool? {
        let meant = entries.filter { $0.covers(credentials) }
        guard !meant.isEmpty else { return nil }
        return meant.allSatisfy(\.isAllowed)
    }

    /// The entry that would let in exactly who shows this: by the first credential that names somebody.
    static func proposal(_ credentials: [UserCredential]) -> AccessEntry? {
        for credential in credentials {
            let entry: AccessEntry? =
                switch credential {
                case .jid(let text): AccessEntry(.jid, Address(text)?.text ?? "")
                case .userName(let text): AccessEntry(.user, text)
                case .certificate(let bytes): AccessEntry(.certificate, hex(SHA256.hash(data: bytes)))
                case .certificateThumbprint(let bytes): AccessEntry(.certificate, hex(bytes))
                default: nil
                }
            if let entry { return entry }
        }
        for credential in credentials {
            let entry: AccessEntry? =
                switch credential {
                case .ip4(let text), .ip6(let text): AccessEntry(.ip, text)
                case .hostName(let text): AccessEntry(.host, text)
                default: nil
                }
            if let entry { return entry }
        }
        return nil
    }
}

/// A network of IPv4 or IPv6, or one address of it.
private struct Network {
    let bytes: [UInt8]
    let length: Int

    init?(_ text: String) {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
        guard let bytes = Network.bytes(String(parts[0])) else { return nil }
        self.bytes = bytes
        if parts.count == 2 {
            guard parts[1].utf8.allSatisfy({ (48...57).contains($0) }), let length = Int(parts[1]),
                (0...bytes.count * 8).contains(length)
            else { return nil }
            self.length = length
        } else {
            length = bytes.count * 8
        }
    }

    static func bytes(_ text: String) -> [UInt8]? {
        var four = in_addr()
        if inet_pton(AF_INET, text, &four) == 1 { return withUnsafeBytes(of: &four) { Array($0) } }
        var six = in6_addr()
        if inet_pton(AF_INET6, text, &six) == 1 { return withUnsafeBytes(of: &six) { Array($0) } }
        return nil
    }

    func contains(_ text: String) -> Bool {
        guard let other = Network.bytes(text), other.count == bytes.count else { return false }
        for bit in 0..<length {
            let mask = UInt8(0x80) >> UInt8(bit % 8)
            if bytes[bit / 8] & mask != other[bit / 8] & mask { return false }
        }
        return true
    }
}
