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

    /// What a request is known by wherever it passes.
    private struct Passage: Hashable {
        let from: String?
        let requestIdentifier: String
        let operation: OneM2MPrimitives.Operation
        let to: String
    }

    /// Requests that have been passed on and are not answered, and how often each.
    private var passing: [Passage: Int] = [:]

    /// Points of access of one entity that are tried.
    static let mostPoints = 4

    /// How often a request may be under way through here at once. One that comes by again before it is answered runs in a
    /// circle: a point of access leads back here, directly or over others, and neither binding counts hops. Twice, since
    /// an originator that lost patience may send a request again, as it should not.
    static let mostPassages = 2

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

    /// Sends a request and waits for its answer; 5103 for one that runs in a circle.
    public func send(_ request: RequestPrimitive, to target: RemoteTarget) async -> ResponsePrimitive {
        let request = addressed(request)
        let passage = Passage(
            from: request.from.flatMap { EntityID($0, at: home) }?.absolute,
            requestIdentifier: request.requestIdentifier, operation: request.operation, to: request.to)
        let passages = passing[passage, default: 0]
        guard passages < Self.mostPassages else {
            return ResponsePrimitive(
                OneM2MError(
                    .targetNotReachable,
                    "\(request.to) leads back to this CSE: this request is on its way through here already"),
                to: request)
        }
        passing[passage] = passages + 1
        defer { passing[passage] = passing[passage].flatMap { $0 > 1 ? $0 - 1 : nil } }
        return await deliver(request, to: target)
    }

    private func deliver(_ request: RequestPrimitive, to target: RemoteTarget) async -> ResponsePrimitive {
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
                // Another point of the same entity is for when this one is away. What may have been done is not asked for
                // again; reading alone does no harm, unless the time for it has been spent here.
                if error.code == .noAnswer || error.code.mayHaveArrived && request.operation != .retrieve { break }
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
