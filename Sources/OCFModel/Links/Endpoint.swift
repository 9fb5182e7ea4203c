import CBOR

/// One way to reach a resource: an item of a link's `eps` (`oic.links.properties`, "eps").
public struct Endpoint: Sendable, Hashable {
    /// Scheme, host and port, such as `coaps+tcp://192.0.2.1:5684`.
    public var address: String
    /// `pri`: 1 is the best; without it the endpoints are equal.
    public var priority: Int?
    /// `lat`: the latency to expect, in seconds, above 0.
    public var latency: Int?

    /// An endpoint.
    public init(_ address: String, priority: Int? = nil, latency: Int? = nil) {
        self.address = address
        self.priority = priority
        self.latency = latency
    }

    /// The map `{ep, pri?, lat?}`.
    public var value: CBOR.Value {
        var map: CBOR.Map = ["ep": .text(address)]
        if let priority { map["pri"] = .int(priority) }
        if let latency { map["lat"] = .int(latency) }
        return .map(map)
    }

    /// Reads the map; nil when it has no `ep`, which the schema allows and means no endpoint.
    init?(_ value: CBOR.Value) throws(LinkError) {
        guard let map = value.entries else {
            throw LinkError(.wrongType, member: "eps", found: value, expected: "an array of maps with ep")
        }
        guard let ep = map["ep"] else { return nil }
        guard let address = ep.string else {
            throw LinkError(.wrongType, member: "ep", found: ep, expected: "text")
        }
        self.init(address)
        if let pri = map["pri"] {
            guard let number = pri.int, number >= 1 else {
                throw LinkError(.wrongType, member: "pri", found: pri, expected: "an integer from 1")
            }
            priority = number
        }
        if let lat = map["lat"] {
            guard let number = lat.int, number > 0 else {
                throw LinkError(.wrongType, member: "lat", found: lat, expected: "an integer above 0")
            }
            latency = number
        }
    }
}
