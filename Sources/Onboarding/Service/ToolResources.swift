import CBOR
import CoAP
import CoAPMessages
import OCFModel

/// The tool as an OCF device: what it answers on its connections, and on the sockets of ``ToolService``. The `rt` of its
/// `/oic/d` names the services it hosts, by which devices and other tools know that it may own their resources.
public struct ToolResources: RequestHandler {
    private let tool: ToolIdentity
    private let endpoints: @Sendable () -> [Endpoint]

    /// The resources of a tool.
    ///
    /// - Parameter endpoints: where it can be reached; none while it only asks.
    public init(_ tool: ToolIdentity, endpoints: @escaping @Sendable () -> [Endpoint] = { [] }) {
        self.tool = tool
        self.endpoints = endpoints
    }

    private enum Resource: String, CaseIterable {
        case res = "/oic/res"
        case device = "/oic/d"
        case platform = "/oic/p"

        var types: [String] {
            switch self {
            case .res: ["oic.wk.res"]
            case .device: ToolIdentity.deviceTypes
            case .platform: ["oic.wk.p"]
            }
        }

        var interfaces: [Interface] { self == .res ? [.linkList, .baseline] : [.readOnly, .baseline] }
    }

    /// Answers RETRIEVEs of the three resources.
    public func handle(_ message: Message, _ exchange: Exchange) {
        guard let resource = Resource(rawValue: message.pathString) else {
            if exchange.isMulticast { return exchange.drop() }
            return exchange.respond(.notFound, diagnostic: "the onboarding tool has /oic/res, /oic/d and /oic/p")
        }
        do throws(ResourceError) {
            let request = try ResourceRequest(message)
            guard request.operation == .retrieve else {
                throw ResourceError(.methodNotAllowed, "the onboarding tool's resources are read-only")
            }
            let interface = try request.selectInterface(of: resource.interfaces)
            guard let answer = representation(of: resource, request, interface) else {
                if exchange.isMulticast { return exchange.drop() }
                throw ResourceError(.notFound, "no link matches")
            }
            exchange.respond(.ocfResponse(.content, answer, format: request.responseFormat))
        } catch {
            if exchange.isMulticast { return exchange.drop() }
            exchange.respond(.ocfResponse(error))
        }
    }

    private func representation(of resource: Resource, _ request: ResourceRequest, _ interface: Interface) -> CBOR
        .Value?
    {
        var map: CBOR.Map = [:]
        if interface == .baseline {
            map["rt"] = .texts(resource.types)
            map["if"] = .texts(resource.interfaces.map(\.rawValue))
        }
        switch resource {
        case .res:
            let filter = LinkFilter(resourceTypes: request.resourceTypes)
            let wanted = request[query: "di"].map { Identifier($0) == tool.id } ?? true
            let links = wanted ? links.filter(filter.passes) : []
            guard !links.isEmpty else { return nil }
            guard interface == .baseline else { return .array(links.map(\.value)) }
            map["links"] = .array(links.map(\.value))
            return .array([.map(map)])
        case .device:
            // What it has from birth and what it is called by are the same: nobody resets a tool.
            map["n"] = .text(tool.name)
            map["di"] = .text(tool.id.description)
            map["icv"] = "ocf.2.2.5"
            map["dmv"] = "ocf.res.1.3.0,ocf.sh.1.3.0"
            map["piid"] = .text(tool.id.description)
            map["rt"] = .texts(resource.types)
        case .platform:
            map["pi"] = .text(tool.id.description)
            map["mnmn"] = "Gatehouse"
        }
        return .map(map)
    }

    private var links: [Link] {
        let endpoints = endpoints()
        return Resource.allCases.map { resource in
            Link(
                href: resource.rawValue, resourceTypes: resource.types, interfaces: resource.interfaces,
                policy: .discoverable, relations: resource == .res ? ["self"] : [], anchor: "ocf://\(tool.id)",
                endpoints: endpoints)
        }
    }
}
