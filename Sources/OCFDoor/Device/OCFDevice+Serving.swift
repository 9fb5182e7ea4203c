import CBOR
import CoAP
import CoAPMessages
import Concentrator
import OCFModel
import OneLoop

extension OCFDevice {
    /// Serves a request.
    ///
    /// - Parameters:
    ///   - message: the request, its body whole.
    ///   - caller: who asks, as far as the transport has proved it.
    ///   - exchange: where the answer goes, at once for a RETRIEVE and later for an UPDATE.
    public func handle(_ message: Message, from caller: Caller, _ exchange: any ServedExchange) {
        do throws(ResourceError) {
            if security != nil, message.path == WellKnownCore.path {
                return exchange.respond(try WellKnownCore.answer(message, links: openLinks(to: caller)))
            }
            try serve(ResourceRequest(message), caller, exchange)
        } catch {
            exchange.respond(.ocfResponse(error))
        }
    }

    private func serve(
        _ request: ResourceRequest, _ caller: Caller, _ exchange: any ServedExchange
    ) throws(ResourceError) {
        guard let resource = resource(at: request.path) else {
            throw ResourceError(.notFound, "there is no /\(request.path.joined(separator: "/"))")
        }
        // A group is asked who is there, and told nothing: an answer of one of many is all that it is worth.
        if caller.isMulticast, request.operation != .retrieve || !resource.isReachableInClear {
            throw ResourceError(.badRequest, "\(resource.href) is not for groups")
        }
        // 4.01 and not 4.03: what IoTivity-Lite answers, and clients look for.
        guard permits(request.operation, by: caller, on: resource) else {
            throw ResourceError(.unauthorized, "no access control entry permits this")
        }
        if let resource = resource as? SecurityView {
            return serve(resource, request, caller, exchange)
        }
        let interface = try request.selectInterface(of: resource.interfaces)
        switch request.operation {
        case .retrieve:
            let answer = try resource.answer(interface, request, by: caller)
            if request.observes == true, resource.policy.contains(.observable) {
                _ = notifier?.observe(resource.href, request, interface, by: caller, exchange)
            }
            exchange.respond(answer)
        case .update:
            inOrder(updateQueue(of: resource)) { [self] in
                // Resources refer to the device without holding it.
                defer { withExtendedLifetime(self) {} }
                do throws(ResourceError) {
                    let value = try await resource.update(interface, request, by: caller)
                    exchange.respond(.ocfResponse(.changed, value, format: request.responseFormat))
                } catch {
                    exchange.respond(.ocfResponse(error, format: request.responseFormat))
                }
            }
        case .create, .delete:
            throw ResourceError(.methodNotAllowed, "resources are made and removed by the gateway alone")
        }
    }

    /// Serves a security resource: the device's security has its own order, since an answer waits for the flash.
    private func serve(
        _ resource: SecurityView, _ request: ResourceRequest, _ caller: Caller, _ exchange: any ServedExchange
    ) {
        guard let security else { return exchange.respond(.ocfResponse(ResourceError(.notFound, "no security here"))) }
        if request.operation == .retrieve, request.observes == true, resource.policy.contains(.observable),
            let interface = try? request.selectInterface(of: resource.interfaces)
        {
            _ = notifier?.observe(resource.href, request, interface, by: caller, exchange)
        }
        security.serve(request, on: resource.resource, caller) { result in
            switch result {
            case .success(let answer):
                exchange.respond(.ocfResponse(answer.code, answer.representation, format: request.responseFormat))
            case .failure(let error): exchange.respond(.ocfResponse(error, format: request.responseFormat))
            }
        }
    }

    /// What `/.well-known/core` tells of: what this caller may read of what is reachable in clear.
    private func openLinks(to caller: Caller) -> [Link] {
        discoverable().filter { $0.isReachableInClear && permits(.retrieve, by: caller, on: $0) }
            .map { $0.link(anchor: anchor) }
    }

    /// Updates of one node wait for each other, whichever of its resources they are for; so do those of a resource of the
    /// device's own.
    private func updateQueue(of resource: any DeviceResource) -> String {
        (resource as? NodeResource)?.entry.href ?? resource.href
    }

    /// Does the work after what came before it in its queue: a slow thing must not let "off" be overtaken by an earlier
    /// "on". The length of a queue is bounded by the requests that a connection may have open.
    private func inOrder(_ queue: String, _ work: @escaping @Loop () async -> Void) {
        let before = updates[queue]
        lastUpdate += 1
        let number = lastUpdate
        let task = Task { @Loop [weak self] in
            await before?.task.value
            await work()
            if self?.updates[queue]?.number == number { self?.updates[queue] = nil }
        }
        updates[queue] = (number, task)
    }

    /// Does what checked updates set: all parameters in one write, which the concentrator checks whole.
    func perform(_ effects: [(NodeResource, NodeResource.Effect)]) async throws(ResourceError) {
        var writes: [NodeWrite] = []
        for (_, effect) in effects {
            if case .write(let write) = effect { writes.append(write) }
        }
        if !writes.isEmpty {
            do throws(WriteError) {
                try await concentrator.write(writes)
            } catch {
                throw Self.answer(to: error, effects.first?.0.value.definition)
            }
        }
        for (resource, effect) in effects {
            guard case .batteryThreshold(let threshold) = effect else { continue }
            setBatteryThreshold(threshold, of: resource)
        }
    }

    /// The response code for a write that was not done.
    private static func answer(to error: WriteError, _ definition: ResourceTypeDefinition?) -> ResourceError {
        switch error.failures.first?.error.code {
        case .notFound?: ResourceError(.notFound, error.description)
        case .invalidValue?:
            ResourceError(definition?.forbidsOutOfRange == true ? .forbidden : .badRequest, error.description)
        case .driverFailed?: ResourceError(.serviceUnavailable, error.description)
        default: ResourceError(.badRequest, error.description)
        }
    }
}
