import CBOR
import CoAP
import CoAPMessages
import OCFModel

/// What a request to `/oic/res` asks for.
struct DirectoryQuery: Sendable, Hashable {
    var filter = LinkFilter()
    /// Interfaces of which a link must have one; empty for all.
    var interfaces: [Interface] = []
    var device: Identifier?
    var isBaseline = false
    var format = ContentFormat.ocfCBOR

    /// Reads the queries `rt`, `if`, `di`. The interfaces that `/oic/res` itself has choose the form of the answer; any
    /// other `if` is a filter on links.
    init(_ request: Message) throws {
        format = try request.responseFormat()
        for item in request.query {
            let parts = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            let value = String(parts[1])
            switch parts[0] {
            case "rt": filter.resourceTypes.append(value)
            case "if":
                switch Interface(rawValue: value) {
                case .linkList: break
                case .baseline: isBaseline = true
                case let interface: interfaces.append(interface)
                }
            case "di":
                guard let id = Identifier(value) else { throw ResourceError(.badRequest, "di is no UUID") }
                device = id
            default: break
            }
        }
    }

    func passes(_ link: Link) -> Bool {
        filter.passes(link) && (interfaces.isEmpty || link.interfaces.contains { interfaces.contains($0) })
    }
}

/// `/oic/res` for the devices of one user, and the cloud's own `/oic/d` and `/oic/p`.
extension Session {
    func discover(_ request: Message, _ exchange: Exchange) {
        // In order, so that a device that has just signed in and published finds its links.
        inOrder(exchange) { [self] in
            guard let member else { return refuseStranger(exchange) }
            guard request.code == .get else {
                return exchange.respond(Replies.error(.methodNotAllowed, "/oic/res is read-only"))
            }
            do {
                let query = try DirectoryQuery(request)
                if request.observe == 0 {
                    core.watchers.add(
                        DirectoryWatcher(exchange: exchange, user: member.user, query: query, session: self), core: core
                    )
                }
                exchange.respond(try await core.links(for: query, of: member.user))
            } catch let error as ResourceError {
                exchange.respond(.ocfResponse(error))
            } catch {
                core.logger.error("cannot list links", metadata: metadata(["error": "\(error)"]))
                exchange.respond(Replies.error(.serviceUnavailable, "the cloud's database failed"))
            }
        }
    }

    /// `/oic/d` of the cloud.
    func description(of request: Message) -> Message {
        .ocfResponse(
            .content,
            [
                "rt": ["oic.wk.d"], "if": ["oic.if.r", "oic.if.baseline"], "n": .text(core.configuration.name),
                "di": .text(core.cloudID.description), "piid": .text(core.cloudID.description),
                "icv": "ocf.2.2.5", "dmv": "ocf.res.1.3.0",
            ])
    }

    /// `/oic/p` of the cloud.
    func platform(of request: Message) -> Message {
        .ocfResponse(
            .content,
            [
                "rt": ["oic.wk.p"], "if": ["oic.if.r", "oic.if.baseline"], "pi": .text(core.cloudID.description),
                "mnmn": "Gatehouse",
            ])
    }
}

extension CloudCore {
    /// The links of a user's devices as the cloud shows them: hrefs under `/<di>`, the cloud's endpoint for the device's
    /// own (8.2, 8.4).
    func links(for query: DirectoryQuery, of user: Identifier) async throws -> Message {
        let endpoint = Endpoint(endpoint)
        let kept = try await database.links(of: user, device: query.device, now: clock())
        let links = kept.lazy.filter { query.passes($0.link) }.map { entry in
            var link = entry.link
            link.href = "/\(entry.device)\(link.href)"
            link.anchor = "ocf://\(entry.device)"
            link.deviceID = entry.device.description
            link.endpoints = [endpoint]
            return link.value
        }
        let list = CBOR.Value.array(Array(links))
        let value: CBOR.Value =
            query.isBaseline
            ? [["rt": ["oic.wk.res"], "if": ["oic.if.ll", "oic.if.baseline"], "links": list]] : list
        return .ocfResponse(.content, value, format: query.format)
    }
}
