import Advertising
import GATT

/// What is wanted of a device that is connected to.
public struct GATTPlan: Sendable, Hashable {
    /// A characteristic that the configuration describes.
    public struct Point: Sendable, Hashable {
        /// The service it is in; nil for any.
        public var service: AttributeType?
        /// Which characteristic.
        public var type: AttributeType
        /// The field's or parameter's name; nil for the characteristic's own.
        public var name: String?
        /// What its value is made of; nil for what is assigned to its number.
        public var definition: CharacteristicDefinition?
        /// Whether it is to tell its value by itself, over a connection that is kept.
        public var notifies: Bool
        /// Whether it is a parameter that can be set.
        public var isWritable: Bool

        /// A characteristic.
        public init(
            service: AttributeType? = nil, type: AttributeType, name: String? = nil,
            definition: CharacteristicDefinition? = nil, notifies: Bool = false, isWritable: Bool = false
        ) {
            self.service = service
            self.type = type
            self.name = name
            self.definition = definition
            self.notifies = notifies
            self.isWritable = isWritable
        }
    }

    /// Whether the standard services become fields and parameters: battery, device information, environmental sensing,
    /// automation I/O.
    public var standardServices: Bool
    /// What the configuration describes besides.
    public var points: [Point]
    /// How often values are read that do not come by themselves.
    public var interval: Duration

    /// Five minutes: a battery of 200 mAh gives about 50,000 connections, which is half a year of these.
    public static let usualInterval = Duration.seconds(300)

    /// A plan.
    public init(
        standardServices: Bool = true, points: [Point] = [], interval: Duration = GATTPlan.usualInterval
    ) {
        self.standardServices = standardServices
        self.points = points
        self.interval = interval
    }
}
