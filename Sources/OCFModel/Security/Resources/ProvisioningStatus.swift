import CBOR
import CoAPMessages

/// `oic.r.pstat`: the onboarding state and how the device is provisioned.
public struct ProvisioningStatus: Sendable, Hashable {
    /// `dos.s`.
    public internal(set) var state: OnboardingState
    /// `dos.p`: whether what ``state`` demands is still under way.
    public internal(set) var isPending: Bool
    /// `isop`: whether applications are served.
    public internal(set) var isOperational: Bool
    /// `cm`.
    public internal(set) var currentMode: ProvisioningMode
    /// `tm`: what a service wants the device to do next.
    public internal(set) var targetMode: ProvisioningMode
    /// `om`.
    public internal(set) var operationalMode: OperationalMode
    /// `sm`: what ``operationalMode`` the device can do.
    public internal(set) var supportedModes: OperationalMode
    /// `rowneruuid`: the service that owns this resource, by CR the DOTS.
    public internal(set) var owner: Identifier

    /// `om` after a reset. IoTivity-Lite's value, which onboarding tools know and replace at once.
    public static let operationalModeAfterReset: OperationalMode = [.serverDirectedMultiple, .serverDirectedSingle]

    /// The status of a device in this state that nobody owns.
    public init(state: OnboardingState = .rfotm, supportedModes: OperationalMode = .clientDirected) {
        self.state = state
        isPending = false
        isOperational = false
        currentMode = []
        targetMode = []
        operationalMode = Self.operationalModeAfterReset
        self.supportedModes = supportedModes
        owner = .none
        enter(state)
    }

    /// Takes the values that a state has at its entry.
    mutating func enter(_ next: OnboardingState) {
        state = next
        isOperational = next == .rfnop
        switch next {
        case .reset:
            currentMode = .reset
            targetMode = .ownerTransfer
            operationalMode = Self.operationalModeAfterReset
        case .rfotm:
            currentMode = .ownerTransfer
            targetMode = []
        case .rfpro, .rfnop:
            currentMode = []
            targetMode = []
        case .sreset:
            currentMode = .reset
            targetMode = []
        }
    }

    /// The properties, the common ones aside.
    public var representation: CBOR.Map {
        [
            "dos": ["s": .int(state.rawValue), "p": .boolean(isPending)],
            "isop": .boolean(isOperational), "cm": .int(currentMode.rawValue), "tm": .int(targetMode.rawValue),
            "om": .int(operationalMode.rawValue), "sm": .int(supportedModes.rawValue),
            "rowneruuid": .text(owner.description),
        ]
    }

    /// Reads a RETRIEVE's answer.
    public init(representation value: CBOR.Value?) throws(ResourceError) {
        let reader = try PropertyReader(value, of: "pstat")
        let dos = try reader.require("dos", reader.inner("dos"))
        state = try dos.require("s", Update.state(dos))
        // Its definition's default.
        isPending = try dos.bool("p") ?? true
        isOperational = try reader.require("isop", reader.bool("isop"))
        currentMode = ProvisioningMode(rawValue: try reader.require("cm", reader.integer("cm", 0...255)))
        targetMode = ProvisioningMode(rawValue: try reader.require("tm", reader.integer("tm", 0...255)))
        operationalMode = OperationalMode(rawValue: try reader.require("om", reader.integer("om", 1...7)))
        supportedModes = OperationalMode(rawValue: try reader.require("sm", reader.integer("sm", 1...7)))
        owner = try reader.require("rowneruuid", reader.uuid("rowneruuid"))
    }

    /// An UPDATE, each property of its type.
    public struct Update: Sendable, Hashable {
        /// `dos.s`.
        public var state: OnboardingState?
        /// `tm`.
        public var targetMode: ProvisioningMode?
        /// `om`.
        public var operationalMode: OperationalMode?
        /// `rowneruuid`.
        public var owner: Identifier?

        /// An update.
        public init(
            state: OnboardingState? = nil, targetMode: ProvisioningMode? = nil,
            operationalMode: OperationalMode? = nil, owner: Identifier? = nil
        ) {
            self.state = state
            self.targetMode = targetMode
            self.operationalMode = operationalMode
            self.owner = owner
        }

        /// Reads a payload; 4.00 for read-only properties and wrong types.
        public init(_ body: CBOR.Value?) throws(ResourceError) {
            let reader = try PropertyReader(body, of: "pstat")
            try reader.refuse("isop", "cm", "sm")
            try reader.requireAny("dos", "tm", "om", "rowneruuid")
            if let dos = try reader.inner("dos") {
                try dos.refuse("p")
                state = try dos.require("s", Self.state(dos))
            }
            targetMode = try reader.integer("tm", 0...255).map(ProvisioningMode.init(rawValue:))
            operationalMode = try reader.integer("om", 1...7).map(OperationalMode.init(rawValue:))
            owner = try reader.uuid("rowneruuid")
        }

        /// The payload.
        public var representation: CBOR.Map {
            var map: CBOR.Map = [:]
            if let state { map["dos"] = ["s": .int(state.rawValue)] }
            if let targetMode { map["tm"] = .int(targetMode.rawValue) }
            if let operationalMode { map["om"] = .int(operationalMode.rawValue) }
            if let owner { map["rowneruuid"] = .text(owner.description) }
            return map
        }

        static func state(_ dos: PropertyReader) throws(ResourceError) -> OnboardingState? {
            try dos.integer("s", 0...4).flatMap(OnboardingState.init(rawValue:))
        }
    }
}
