import CBOR
import CoAPMessages

/// A security profile: an object identifier (security, "Security Profiles").
public struct SecurityProfile: RawRepresentable, Sendable, Hashable {
    /// The identifier in dots.
    public let rawValue: String
    /// The profile of this identifier; white space around it, as OCF's own example has it, is dropped.
    public init(rawValue: String) {
        var text = Substring(rawValue)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        self.rawValue = String(text)
    }

    /// What every device has.
    public static let baseline = SecurityProfile(rawValue: "1.3.6.1.4.1.51414.0.0.1.0")
    /// Black.
    public static let black = SecurityProfile(rawValue: "1.3.6.1.4.1.51414.0.0.2.0")
    /// Blue.
    public static let blue = SecurityProfile(rawValue: "1.3.6.1.4.1.51414.0.0.3.0")
    /// Purple.
    public static let purple = SecurityProfile(rawValue: "1.3.6.1.4.1.51414.0.0.4.0")
}

/// `oic.r.sp`: which security profiles the device can follow and which it follows.
public struct SecurityProfiles: Sendable, Hashable {
    /// `supportedprofiles`.
    public internal(set) var supported: [SecurityProfile]
    /// `currentprofile`.
    public internal(set) var current: SecurityProfile

    /// Profiles.
    public init(supported: [SecurityProfile] = [.baseline], current: SecurityProfile = .baseline) {
        self.supported = supported
        self.current = current
    }

    /// The properties, the common ones aside.
    public var representation: CBOR.Map {
        [
            "supportedprofiles": .array(supported.map { .text($0.rawValue) }),
            "currentprofile": .text(current.rawValue),
        ]
    }

    /// Reads a RETRIEVE's answer.
    public init(representation value: CBOR.Value?) throws(ResourceError) {
        let update = try Update(value)
        guard let supported = update.supported, let current = update.current else {
            throw ResourceError(.badRequest, "sp: supportedprofiles or currentprofile is missing")
        }
        self.init(supported: supported, current: current)
    }

    /// An UPDATE.
    public struct Update: Sendable, Hashable {
        /// `supportedprofiles`.
        public var supported: [SecurityProfile]?
        /// `currentprofile`.
        public var current: SecurityProfile?

        /// An update.
        public init(supported: [SecurityProfile]? = nil, current: SecurityProfile? = nil) {
            self.supported = supported
            self.current = current
        }

        /// Reads a payload; 4.00 for wrong types.
        public init(_ body: CBOR.Value?) throws(ResourceError) {
            let reader = try PropertyReader(body, of: "sp")
            try reader.requireAny("supportedprofiles", "currentprofile")
            if let items = try reader.array("supportedprofiles", maximumCount: SecurityLimits.profiles) {
                var profiles: [SecurityProfile] = []
                for item in items {
                    guard let text = item.string, text.utf8.count <= SecurityLimits.textLength else {
                        throw reader.fail("supportedprofiles", "object identifiers as text")
                    }
                    profiles.append(SecurityProfile(rawValue: text))
                }
                supported = profiles
            }
            current = try reader.text("currentprofile").map(SecurityProfile.init(rawValue:))
        }

        /// The payload.
        public var representation: CBOR.Map {
            var map: CBOR.Map = [:]
            if let supported { map["supportedprofiles"] = .array(supported.map { .text($0.rawValue) }) }
            if let current { map["currentprofile"] = .text(current.rawValue) }
            return map
        }
    }
}
