/// What a server has: its services, their characteristics, and the descriptors of those (Core Specification Vol 3 Part G 2.6).
public struct GATTDatabase: Sendable, Hashable {
    /// A service.
    public struct Service: Sendable, Hashable {
        /// What it is.
        public var type: AttributeType
        /// Its first and its last attribute.
        public var first: AttributeHandle
        /// See ``first``.
        public var last: AttributeHandle
        /// What it offers, by rising handle.
        public var characteristics: [Characteristic] = []
    }

    /// A characteristic.
    public struct Characteristic: Sendable, Hashable {
        /// What it is.
        public var type: AttributeType
        /// What can be done with it.
        public var properties: Properties
        /// Where it is declared.
        public var declaration: AttributeHandle
        /// Where its value is.
        public var value: AttributeHandle
        /// What describes it, by rising handle.
        public var descriptors: [Descriptor] = []

        /// The handle of a descriptor.
        public func descriptor(_ type: AttributeType) -> AttributeHandle? {
            descriptors.first { $0.type == type }?.handle
        }
    }

    /// A descriptor.
    public struct Descriptor: Sendable, Hashable {
        /// What it is.
        public var type: AttributeType
        /// Where it is.
        public var handle: AttributeHandle
    }

    /// What can be done with a characteristic (Part G 3.3.1.1).
    public struct Properties: OptionSet, Sendable, Hashable {
        /// The bits of the declaration.
        public let rawValue: UInt8

        /// The set of these bits.
        public init(rawValue: UInt8) { self.rawValue = rawValue }

        /// It can be read.
        public static let read = Properties(rawValue: 0x02)
        /// It can be written without an answer.
        public static let writeWithoutResponse = Properties(rawValue: 0x04)
        /// It can be written.
        public static let write = Properties(rawValue: 0x08)
        /// It tells its value, unasked.
        public static let notify = Properties(rawValue: 0x10)
        /// It tells its value, and wants that confirmed.
        public static let indicate = Properties(rawValue: 0x20)
    }

    /// The most services that are taken: a phone has about 20.
    public static let mostServices = 64
    /// The most characteristics of all services together.
    public static let mostCharacteristics = 256
    /// The most descriptors of all characteristics together.
    public static let mostDescriptors = 512

    /// By rising handle.
    public var services: [Service] = []
    /// The server's own hash of all this, when it has one; the same hash is the same database.
    public var hash: [UInt8]?

    /// An empty database.
    public init() {}

    /// The first characteristic of this type in a service of that type; any service when that is nil.
    public func characteristic(_ type: AttributeType, in service: AttributeType? = nil) -> Characteristic? {
        characteristics(type, in: service).first
    }

    /// All characteristics of this type.
    public func characteristics(_ type: AttributeType, in service: AttributeType? = nil) -> [Characteristic] {
        services.filter { service == nil || $0.type == service }
            .flatMap { $0.characteristics.filter { $0.type == type } }
    }
}
