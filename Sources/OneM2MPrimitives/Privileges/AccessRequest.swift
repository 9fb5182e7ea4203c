/// What an access decision looks at.
public struct AccessRequest: Sendable {
    /// Where this CSE's identifiers begin.
    public var home: CSEIdentity
    /// Who asks.
    public var originator: EntityID
    /// The roles that were proved for it.
    public var roles: Set<String> = []
    /// What it wants to do; one operation.
    public var operation: OperationSet
    /// When.
    public var time: OneM2MTime
    /// From which address; nil when it is not known, which no rule about addresses permits.
    public var address: String?
    /// From where; nil when it is not known, which no rule about places permits.
    public var location: Location?
    /// Whether it has proved to be who it says it is.
    public var isAuthenticated = false
    /// The type to be created, of a CREATE.
    public var createdType: ResourceType?
    /// The type of the addressed resource.
    public var targetType: ResourceType?
    /// Its specialisation, where it has one.
    public var targetSpecialisation: String?
    /// Whether a group of this address has the originator as a member; asked at most once for each rule's entry.
    public var isMember: @Sendable (String) -> Bool = { _ in false }

    /// A request.
    public init(home: CSEIdentity, originator: EntityID, operation: OperationSet, time: OneM2MTime) {
        self.home = home
        self.originator = originator
        self.operation = operation
        self.time = time
    }

    /// A place: a country, a point, or both.
    public struct Location: Sendable, Hashable {
        /// ISO 3166 code of two letters.
        public var country: String?
        /// Degrees north and east.
        public var latitude: Double?
        /// Degrees east.
        public var longitude: Double?

        /// A place.
        public init(country: String? = nil, latitude: Double? = nil, longitude: Double? = nil) {
            self.country = country
            self.latitude = latitude
            self.longitude = longitude
        }
    }

    /// Whether an entry of `acor` means the originator.
    ///
    /// An entry with `@` is a role. One with `*` is an identifier whose part goes on anyhow, up to the next slash. One
    /// without a slash that is no AE here may be a service provider's name. Any other may be a group's address.
    public func isMeant(by entry: String) -> Bool {
        if entry == "all" || entry == "*" { return true }
        if entry.utf8.contains(UInt8(ascii: "@")) { return roles.contains(entry) }
        let own = originator.absolute
        if entry.utf8.contains(UInt8(ascii: "*")) {
            return Pattern.matches(Self.absolute(entry, home), own, within: UInt8(ascii: "/"))
        }
        if let entity = EntityID(entry, at: home), entity == originator { return true }
        if entry == originator.spID || entry == "//\(originator.spID)" { return true }
        return isMember(entry)
    }

    /// An identifier that may hold `*`, in the absolute form.
    static func absolute(_ entry: String, _ home: CSEIdentity) -> String {
        if entry.utf8.starts(with: "//".utf8) { return entry }
        if entry.utf8.first == UInt8(ascii: "/") { return "//\(home.spID)\(entry)" }
        return "//\(home.spID)/\(home.cseID)/\(entry)"
    }
}

/// Texts with `*` for any text.
public enum Pattern {
    /// Whether `text` is what `pattern` describes; a `*` runs over anything but `barrier`.
    ///
    /// Linear in memory, at most the product of the lengths in time.
    public static func matches(_ pattern: String, _ text: String, within barrier: UInt8? = nil) -> Bool {
        let pattern = Array(pattern.utf8)
        let text = Array(text.utf8)
        var (p, t) = (0, 0)
        var star: (p: Int, t: Int)?
        while t < text.count {
            if p < pattern.count, pattern[p] == UInt8(ascii: "*") {
                star = (p, t)
                p += 1
            } else if p < pattern.count, pattern[p] == text[t] {
                p += 1
                t += 1
            } else if let last = star, text[last.t] != barrier {
                star = (last.p, last.t + 1)
                p = last.p + 1
                t = last.t + 1
            } else {
                return false
            }
        }
        return pattern[p...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}
