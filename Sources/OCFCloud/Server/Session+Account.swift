import CBOR
import CoAPMessages
import OCFModel

/// `/oic/sec/account`, `/oic/sec/session`, `/oic/sec/tokenrefresh` (OCF Device To Cloud 8.1.4; models `oic.r.account`,
/// `oic.r.session`, `oic.r.tokenrefresh`).
extension Session {
    /// Longest token that is looked up. Ours have 43 characters; nothing longer than a Uri-Query can be one.
    private static let longestToken = 255

    /// Sign-up and deregistration.
    @Sendable func account(_ request: Message) async throws -> Message {
        switch request.code {
        case .post: return try await signUp(try body(of: request))
        case .delete: return try await deregister(request)
        default: throw ResourceError(.methodNotAllowed, "account takes POST and DELETE")
        }
    }

    private func signUp(_ body: CBOR.Map) async throws -> Message {
        let device = try device(body["di"]?.string)
        let token = try token(body["accesstoken"]?.string, "accesstoken")
        let kind: DeviceKind = body["devicetype"]?.string == DeviceKind.client.rawValue ? .client : .device
        let (grant, registration) = try await core.database.signUp(
            token: token, device: device, kind: kind, lifetimes: core.configuration.lifetimes,
            mostDevices: core.configuration.limits.devicesPerUser, now: core.clock())
        let (_, replaced) = core.routes.insert(registration)
        if let replaced { core.drop(replaced, except: self) }
        core.logger.notice(
            "signed up", metadata: ["device": "\(device)", "user": "\(grant.user)", "from": "\(address)"])
        return .ocfResponse(
            .changed, .map(answer(grant, redirect: core.configuration.redirectURI ?? "", withUser: true)))
    }

    private func deregister(_ request: Message) async throws -> Message {
        let named = request.queryValue("di")
        let device: Identifier
        if let member, named == nil || named.flatMap({ Identifier($0) }) == member.device {
            device = member.device
        } else if let token = request.queryValue("accesstoken") {
            // On its own feet: whoever holds the token may remove the device, signed in or not.
            device = try self.device(named)
            let user = try user(request.queryValue("uid")) ?? core.routes.route(to: device)?.registration.user
            guard let user else { throw CloudError(.unauthorized, "device \(device) is not registered") }
            _ = try await core.database.signIn(
                token: try self.token(token, "accesstoken"), device: device, user: user, now: core.clock())
        } else if member != nil {
            throw CloudError(.forbidden, "a device deregisters itself alone")
        } else {
            throw CloudError(.unauthorized, "sign in first, or give di and accesstoken as queries")
        }
        do {
            try await core.database.deregister(device)
        } catch let error as CloudError where error.code == .notFound {
            // It is gone already, which is what was asked (RFC 7252 §5.8.4).
        }
        core.logger.notice("deregistered", metadata: ["device": "\(device)"])
        if let route = core.routes.remove(device) { core.drop(route, except: self) }
        if member?.device == device { signedOut() }
        return .ocfResponse(.deleted)
    }

    /// Sign-in and sign-out.
    @Sendable func session(_ request: Message) async throws -> Message {
        guard request.code == .post else { throw ResourceError(.methodNotAllowed, "session takes POST") }
        let body = try body(of: request)
        guard let login = body["login"]?.bool else { throw CloudError(.malformed, "login is missing, or no boolean") }
        guard login else {
            guard member != nil else { throw CloudError(.malformed, "nobody is signed in") }
            signedOut()
            return .ocfResponse(.changed, [:])
        }
        let device = try device(body["di"]?.string)
        guard let user = try user(body["uid"]?.string) else { throw CloudError(.malformed, "uid is missing") }
        let signIn = try await core.database.signIn(
            token: try token(body["accesstoken"]?.string, "accesstoken"), device: device, user: user, now: core.clock())
        try signedIn(signIn)
        // The answer first: a device may not expect our observations before it.
        let route = core.routes.route(to: device)
        connection.channel.eventLoop.execute { [connection] in
            route?.relay.resume(connection)
        }
        return .ocfResponse(.changed, ["expiresin": .int(remaining(until: signIn.expiresAt))])
    }

    /// Refresh, before or after sign-in. It prolongs a session that is open.
    @Sendable func tokenRefresh(_ request: Message) async throws -> Message {
        guard request.code == .post else { throw ResourceError(.methodNotAllowed, "tokenrefresh takes POST") }
        let body = try body(of: request)
        let device = try device(body["di"]?.string)
        guard let user = try user(body["uid"]?.string) else { throw CloudError(.malformed, "uid is missing") }
        let grant = try await core.database.refresh(
            token: try token(body["refreshtoken"]?.string, "refreshtoken"), device: device, user: user,
            lifetimes: core.configuration.lifetimes, now: core.clock())
        if member?.device == device { expire(at: grant.expiresAt) }
        return .ocfResponse(.changed, .map(answer(grant, redirect: nil, withUser: false)))
    }

    // MARK: - Reading and writing

    func body(of request: Message) throws -> CBOR.Map {
        guard let body = try request.representation()?.entries else {
            throw CloudError(.malformed, "expected a CBOR map as payload")
        }
        return body
    }

    /// The device id given, if it is the one that the certificate allows.
    private func device(_ text: String?) throws -> Identifier {
        guard let text else { throw CloudError(.malformed, "di is missing") }
        guard let device = Identifier(text), device != .none, device != core.cloudID else {
            throw CloudError(.malformed, "di is no UUID of a device")
        }
        switch core.configuration.clientCertificate {
        case .none: break
        case .required, .optional:
            if let certified = certifiedDevice {
                guard certified == device else {
                    throw CloudError(.unauthorized, "di is \(device), but the certificate is for uuid:\(certified)")
                }
            } else if core.configuration.clientCertificate == .required {
                throw CloudError(.unauthorized, "the certificate is no OCF identity with the common name uuid:<di>")
            }
        }
        return device
    }

    private func user(_ text: String?) throws -> Identifier? {
        guard let text else { return nil }
        guard let user = Identifier(text) else { throw CloudError(.unauthorized, "there is no such uid") }
        return user
    }

    private func token(_ text: String?, _ name: String) throws -> String {
        guard let text, !text.isEmpty else { throw CloudError(.malformed, "\(name) is missing") }
        guard text.utf8.count <= Self.longestToken else { throw CloudError(.unauthorized, "\(name) is unknown") }
        return text
    }

    private func answer(_ grant: Grant, redirect: String?, withUser: Bool) -> CBOR.Map {
        var map: CBOR.Map = [
            "accesstoken": .text(grant.access.text), "refreshtoken": .text(grant.refresh.text),
            "expiresin": .int(remaining(until: grant.expiresAt)),
        ]
        if withUser { map["uid"] = .text(grant.user.description) }
        // An empty text says "stay here"; devices in the field know it so.
        if let redirect { map["redirecturi"] = .text(redirect) }
        return map
    }

    /// `expiresin`: seconds left, or -1 for ever.
    private func remaining(until expiresAt: WallSeconds?) -> Int64 {
        expiresAt.map { max(0, $0 - core.clock()) } ?? -1
    }
}
