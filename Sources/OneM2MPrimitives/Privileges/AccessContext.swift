import Glibc
import JSONText

/// Circumstances that a rule demands (`m2m:accessControlContexts`): those that are given must all hold.
public struct AccessContext: Sendable, Hashable {
    /// When (`actw`): one of these windows; empty for any time.
    public var windows: [ScheduleEntry] = []
    /// From which addresses (`acip`); empty for any.
    public var networks: [Network] = []
    /// From where (`aclr`); nil for anywhere.
    public var region: Region?

    /// No demand at all.
    public init() {}

    /// Countries, or circles on the globe.
    public enum Region: Sendable, Hashable {
        /// ISO 3166 codes of two letters (`accc`).
        case countries([String])
        /// Degrees north and east of the middle, and metres (`accr`).
        case circle(latitude: Double, longitude: Double, radius: Double)
    }

    init(json: JSON) throws(OneM2MError) {
        guard let object = json.object else { throw OneM2MError(.badRequest, "acco: objects were expected") }
        for member in object {
            switch member.name {
            case "actw":
                let texts = try ParameterReader.texts("actw", member.value)
                windows = try texts.map { text throws(OneM2MError) in
                    guard let entry = ScheduleEntry(text) else {
                        throw OneM2MError(
                            .badRequest,
                            "actw: seven fields were expected: second minute hour day month weekday year, not \"\(text.prefix(60))\""
                        )
                    }
                    return entry
                }
            case "acip": networks = try Self.networks(member.value)
            case "aclr": region = try Self.region(member.value)
            default: throw OneM2MError(.badRequest, "acco has no member \"\(member.name.prefix(40))\"")
            }
        }
    }

    private static func networks(_ value: JSON) throws(OneM2MError) -> [Network] {
        guard let object = value.object, object.names.allSatisfy({ $0 == "ipv4" || $0 == "ipv6" }) else {
            throw OneM2MError(.badRequest, "acip: an object with ipv4 and ipv6 was expected")
        }
        var found: [Network] = []
        for member in object {
            for text in try ParameterReader.texts(member.name, member.value) {
                guard let network = Network(text), network.bytes.count == (member.name == "ipv4" ? 4 : 16) else {
                    throw OneM2MError(.badRequest, "acip: \"\(text.prefix(60))\" is no \(member.name) address")
                }
                found.append(network)
            }
        }
        return found
    }

    private static func region(_ value: JSON) throws(OneM2MError) -> Region {
        if let countries = value["accc"] { return .countries(try ParameterReader.texts("accc", countries)) }
        // A list of three numbers, or the text of them joined with blanks.
        let numbers: [Double]
        switch value["accr"] {
        case .array(let items)?: numbers = items.compactMap(\.double)
        case .string(let text)?: numbers = text.split { $0 == " " || $0 == "," }.compactMap { Double($0) }
        default: numbers = []
        }
        guard numbers.count == 3, numbers.allSatisfy(\.isFinite) else {
            throw OneM2MError(.badRequest, "aclr: accc (countries) or accr (latitude, longitude, radius) was expected")
        }
        return .circle(latitude: numbers[0], longitude: numbers[1], radius: numbers[2])
    }

    var json: JSON {
        var object = JSONObject()
        if !windows.isEmpty { object["actw"] = .array(windows.map { .string($0.text) }) }
        if !networks.isEmpty {
            var addresses = JSONObject()
            let four = networks.filter { $0.bytes.count == 4 }
            let six = networks.filter { $0.bytes.count == 16 }
            if !four.isEmpty { addresses["ipv4"] = .array(four.map { .string($0.text) }) }
            if !six.isEmpty { addresses["ipv6"] = .array(six.map { .string($0.text) }) }
            object["acip"] = .object(addresses)
        }
        switch region {
        case .countries(let codes): object["aclr"] = ["accc": .array(codes.map { .string($0) })]
        case .circle(let latitude, let longitude, let radius):
            object["aclr"] = ["accr": [.double(latitude), .double(longitude), .double(radius)]]
        case nil: break
        }
        return .object(object)
    }

    /// Whether all that is demanded holds. What is not known of a request does not hold.
    func holds(for request: AccessRequest) -> Bool {
        if !windows.isEmpty, !windows.contains(where: { $0.contains(request.time) }) { return false }
        if !networks.isEmpty {
            guard let address = request.address.flatMap({ Network($0) }),
                networks.contains(where: { $0.contains(address) })
            else { return false }
        }
        guard let region else { return true }
        switch region {
        case .countries(let codes): return request.location?.country.map { codes.contains($0) } ?? false
        case .circle(let latitude, let longitude, let radius):
            guard let north = request.location?.latitude, let east = request.location?.longitude else { return false }
            return Self.distance(latitude, longitude, north, east) <= radius
        }
    }

    /// Metres along the great circle, on a globe of 6371 km.
    private static func distance(_ north1: Double, _ east1: Double, _ north2: Double, _ east2: Double) -> Double {
        let radians = Double.pi / 180
        let half1 = sin((north2 - north1) * radians / 2)
        let half2 = sin((east2 - east1) * radians / 2)
        let square = half1 * half1 + cos(north1 * radians) * cos(north2 * radians) * half2 * half2
        return 2 * 6_371_000 * asin(min(1, square.squareRoot()))
    }
}

/// An IP address, or all that begin like it: `192.168.1.0/24`, `2001:db8::/32`.
public struct Network: Sendable, Hashable {
    /// Four or sixteen bytes.
    public let bytes: [UInt8]
    /// How many bits count.
    public let prefix: Int
    /// As it was written.
    public let text: String

    /// The network of a text; nil when it is none. A scope such as `%eth0` is passed over, and an IPv4 address inside an
    /// IPv6 one (`::ffff:…`) is the IPv4 address.
    public init?(_ text: String) {
        guard text.utf8.count <= 64 else { return nil }
        self.text = text
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else { return nil }
        let address = String(parts[0].prefix { $0 != "%" })
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, address, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, address, &six) == 1 {
            let all = withUnsafeBytes(of: &six) { Array($0) }
            let isMapped = all[..<10].allSatisfy { $0 == 0 } && all[10] == 0xFF && all[11] == 0xFF
            bytes = isMapped && parts.count == 1 ? Array(all[12...]) : all
        } else {
            return nil
        }
        if parts.count == 2 {
            guard let length = Int(parts[1]), (0...bytes.count * 8).contains(length) else { return nil }
            prefix = length
        } else {
            prefix = bytes.count * 8
        }
    }

    /// Whether an address begins like this.
    public func contains(_ other: Network) -> Bool {
        guard bytes.count == other.bytes.count, other.prefix >= prefix else { return false }
        for index in 0..<(prefix + 7) / 8 {
            let bits = min(8, prefix - index * 8)
            let mask = UInt8(truncatingIfNeeded: 0xFF00 >> bits)
            if (bytes[index] ^ other.bytes[index]) & mask != 0 { return false }
        }
        return true
    }
}
