import CBOR
import CoAPMessages
import OCFModel

/// `/oic/rd`: publishing and unpublishing links (OCF Device To Cloud 8.2; model `oic.wk.rd`).
extension Session {
    /// Longest `ttl` taken: a year; more is for ever as far as anybody can tell.
    private static let longestTimeToLive = 31_536_000

    @Sendable func directory(_ request: Message) async throws -> Message {
        guard let member else { throw CloudError(.unauthorized, "sign in first") }
        switch request.code {
        case .post: return try await publish(request, member)
        case .delete: return try await unpublish(request, member)
        case .get:
            // The bias factor by which devices choose among directories; there is one.
            return .ocfResponse(
                .content, ["rt": ["oic.wk.rd"], "if": ["oic.if.baseline"], "sel": 0],
                format: try request.responseFormat())
        default: throw ResourceError(.methodNotAllowed, "rd takes GET, POST and DELETE")
        }
    }

    private func publish(_ request: Message, _ member: Member) async throws -> Message {
        guard member.route.registration.kind == .device else {
            throw CloudError(.forbidden, "signed up as a client, which publishes nothing")
        }
        guard let body = try request.representation()?.entries else {
            throw CloudError(.malformed, "expected a CBOR map as payload")
        }
        try own(body["di"]?.string, member)
        // `lt` is what devices before OCF 2.0 call it.
        guard let ttl = (body["ttl"] ?? body["lt"])?.int, ttl >= 0 else {
            throw CloudError(.malformed, "ttl is missing, or no integer from 0")
        }
        guard let items = body["links"]?.items, !items.isEmpty else {
            throw CloudError(.malformed, "links is missing, or empty")
        }
        guard items.count <= core.configuration.limits.linksPerDevice else {
            throw CloudError(.limit, "\(items.count) links, the limit is \(core.configuration.limits.linksPerDevice)")
        }
        var links: [Link] = []
        links.reserveCapacity(items.count)
        for item in items {
            do {
                var link = try Link(item)
                if link.href.first != "/" { link.href = "/" + link.href }
                guard link.href != "/" else { throw CloudError(.malformed, "href is empty") }
                links.append(link)
            } catch let error as LinkError {
                throw CloudError(.malformed, "\(error)")
            }
        }
        let published = try await core.database.publish(
            links, ttl: Int64(min(ttl, Self.longestTimeToLive)), by: member.device,
            mostLinks: core.configuration.limits.linksPerDevice)
        core.watchers.changed(member.user, core: core)
        core.logger.debug("published", metadata: metadata(["links": "\(published.count)"]))
        // The answer echoes the request with the cloud's own numbers.
        var answer = body
        answer["links"] = .array(
            zip(links, published).map { link, kept in
                var link = link
                link.instance = kept.link.instance
                link.deviceID = member.device.description
                return link.value
            })
        return .ocfResponse(.changed, .map(answer))
    }

    private func unpublish(_ request: Message, _ member: Member) async throws -> Message {
        let query = request.query
        try own(request.queryValue("di"), member)
        let instances = try query.filter { $0.hasPrefix("ins=") }.map { item in
            guard let number = Int64(item.dropFirst(4)) else { throw CloudError(.malformed, "\(item) is no number") }
            return number
        }
        let gone = try await core.database.unpublish(instances.isEmpty ? nil : instances, of: member.device)
        if !gone.isEmpty {
            member.route.relay.end(hrefs: gone, Replies.gone)
            core.watchers.changed(member.user, core: core)
        }
        core.logger.debug("unpublished", metadata: metadata(["links": "\(gone.count)"]))
        // 2.02 also where nothing was left to remove: the answer to a first try may have got lost (RFC 7252 §5.8.4).
        return .ocfResponse(.deleted)
    }

    /// Checks that the `di` of a request is the requester's own.
    private func own(_ text: String?, _ member: Member) throws {
        guard let text, let device = Identifier(text) else { throw CloudError(.malformed, "di is missing, or no UUID") }
        guard device == member.device else { throw CloudError(.forbidden, "a device publishes for itself alone") }
    }
}
