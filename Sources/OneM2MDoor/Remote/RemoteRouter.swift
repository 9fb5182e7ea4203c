import JSONText
import OneLoop
import OneM2MPrimitives

/// The way to other entities: to a URL, to an AE by its point of access or its polling channel, to a CSE that is registered
/// here, and over the registrar to everybody else.
@Loop
public final class RemoteRouter: RemoteEntities {
    /// How an AE or CSE that is registered here is reached.
    public struct Reachability: Sendable {
        /// Its points of access, the first that works counts.
        public var points: [String]
        /// Whether it takes requests at all (`rr`).
        public var isReachable: Bool

        /// A way, or none.
        public init(points: [String], isReachable: Bool) {
            self.points = points
            self.isReachable = isReachable
        }
    }

    private let home: CSEIdentity
    private let transports: Transports
    private let registrar: Registrar?
    /// How an entity that is registered here is reached; nil for one that is not.
    private let reachability: @Loop (EntityID) -> Reachability?
    /// Puts a request into an entity's polling channel and waits for its answer; nil where it has none.
    private let poll: @Loop (RequestPrimitive, EntityID) async -> ResponsePrimitive?

    /// Points of access of one entity that are tried.
    static let mostPoints = 4

    /// A router.
    public init(
        home: CSEIdentity, transports: Transports, registrar: Registrar?,
        reachability: @escaping @Loop (EntityID) -> Reachability?,
        poll: @escaping @Loop (RequestPrimitive, EntityID) async -> ResponsePrimitive?
    ) {
        self.home = home
        self.transports = transports
        self.registrar = registrar
        self.reachability = reachability
        self.poll = poll
    }

    /// Sends a request and waits for its answer.
    public func send(_ request: RequestPrimitive, to target: RemoteTarget) async -> ResponsePrimitive {
        let request = addressed(request)
        switch target {
        case .pointOfAccess(let text):
            guard let point = PointOfAccess(text) else {
                return ResponsePrimitive(
                    OneM2MError(
                        .targetNotReachable,
                        "\"\(text.prefix(100))\" is no point of access: http, https, coap and coaps are spoken here"),
                    to: request)
            }
            return await send(request, to: [point], isWholeTarget: true)
        case .entity(let entity):
            return await send(request, toEntity: entity)
        }
    }

    private func send(_ request: RequestPrimitive, toEntity entity: EntityID) async -> ResponsePrimitive {
        if registrar?.settings.cse == entity.cse { return await sendToRegistrar(request) }
        // An AE that is registered here, or a CSE; an AE elsewhere is behind its CSE.
        if let known = reachability(entity) ?? (entity.isCSE ? nil : reachability(entity.cse)) {
            let points = known.isReachable ? known.points.prefix(Self.mostPoints).compactMap { PointOfAccess($0) } : []
            if !points.isEmpty { return await send(request, to: points, isWholeTarget: entity.cse == home.entity) }
            if let response = await poll(request, entity) { return response }
            return ResponsePrimitive(
                OneM2MError(
                    .targetNotReachable,
                    "\(entity) has neither a point of access that is spoken to nor a polling channel"),
                to: request)
        }
        guard entity.cse != home.entity, registrar != nil else {
            return ResponsePrimitive(
                OneM2MError(.targetNotReachable, "\(entity) is not registered here, and there is no registrar to ask"),
                to: request)
        }
        return await sendToRegistrar(request)
    }

    private func sendToRegistrar(_ request: RequestPrimitive) async -> ResponsePrimitive {
        guard let registrar, registrar.isAvailable else {
            return ResponsePrimitive(
                OneM2MError(.targetNotReachable, "this CSE is not registered at its registrar now"), to: request)
        }
        return await send(request, to: [registrar.settings.point], isWholeTarget: false)
    }

    private func send(
        _ request: RequestPrimitive, to points: [PointOfAccess], isWholeTarget: Bool
    ) async -> ResponsePrimitive {
        var last = TransportError(.unreachable, "there is no point of access")
        for point in points {
            do throws(TransportError) {
                return try await transports.send(request, to: point, isWholeTarget: isWholeTarget)
            } catch {
                last = error
                // Another point of the same entity is for when this one is away, not for asking twice.
                if error.code == .noAnswer { break }
            }
        }
        return ResponsePrimitive(last, to: request)
    }

    /// The request as it reads elsewhere: an AE-ID-Stem of ours means another there (TS-0001 7.2).
    private func addressed(_ request: RequestPrimitive) -> RequestPrimitive {
        guard let from = request.from, !from.hasPrefix("/"), let entity = EntityID(from, at: home) else {
            return request
        }
        var request = request
        request.from = entity.spRelative
        return request
    }
}
