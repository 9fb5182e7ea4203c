import OneM2MPrimitives

/// Where the CSE is registered, and how.
public struct RegistrarSettings: Sendable {
    /// Where the registrar is reached.
    public var point: PointOfAccess
    /// Who it is, such as `/id-in`.
    public var cse: EntityID
    /// Its CSEBase below it: a name, or `-` which stands for whatever name it has.
    public var baseName = "-"
    /// How long a registration lasts when it is not renewed. Long enough for a house that loses its line for a night's
    /// maintenance, short enough that one which is gone for good is forgotten.
    public var lifetime = Duration.seconds(3600)
    /// How often it is looked whether the registrar still knows us: what it loses by a restart is noticed so soon.
    public var checkInterval = Duration.seconds(30)
    /// How long an answer is waited for.
    public var timeout = Duration.seconds(10)
    /// Whether the registration is taken back when the CSE stops.
    public var deregisters = true

    /// A registrar.
    public init(point: PointOfAccess, cse: EntityID) {
        self.point = point
        self.cse = cse
    }

    /// The address of its CSEBase, relative to the service provider or absolute.
    func base(from home: CSEIdentity) -> String { cse.text(for: home.entity) + "/" + baseName }
}
