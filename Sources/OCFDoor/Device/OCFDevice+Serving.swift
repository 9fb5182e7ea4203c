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
    ///   - requester: who asks, as far as the transport has proved it.
    ///   - exchange: where the answer goes, at once for a RETRIEVE and later for an UPDATE.
    public func handle(_ message: Message, from requester: Requester, _ exchange: any ServedExchange) {
        do throws(ResourceError) {
            try serve(ResourceRequest(message), requester, exchange)
        } catch {
            exchange.respond(.ocfResponse(error))
        }
    }

    private func serve(
        _ request: ResourceRequest, _ requester: Requester, _ exchange: any ServedExchange
    ) throws(ResourceError) {
        guard let resource = resource(at: request.path) else {
            throw ResourceError(.notFound, "there is no /\(request.path.joined(separator: "/"))")
        }
        // 4.01 and not 4.03: what IoTivity-Lite answers, and clients look for.
        guard accessControl.permits(request.operation, by: requester, on: resource.accessFacts) else {
            throw ResourceError(.unauthorized, "no access control entry permits this")
        }
        let interface = try request.selectInterface(of: resource.interfaces)
        switch request.operation {
        case .retrieve:
            if let data = resource as? IntrospectionData { return exchange.respond(answer(data, request)) }
            let value = try resource.retrieve(interface, request, by: requester)
            if request.observes == true, resource.policy.contains(.observable) {
                _ = notifier?.observe(resource.href, request, interface, by: requester, exchange)
            }
            exchange.respond(.ocfResponse(.content, value, format: request.responseFormat))
        case .update:
            inOrder(updateQueue(of: resource)) { [self] in
                // Resources refer to the device without holding it.
                defer { withExtendedLifetime(self) {} }
                do throws(ResourceError) {
                    let value = try await resource.update(interface, request, by: requester)
                    exchange.respond(.ocfResponse(.changed, value, format: request.responseFormat))
                } catch {
                    exchange.respond(.ocfResponse(error, format: request.responseFormat))
                }
            }
        case .create, .delete:
            throw ResourceError(.methodNotAllowed, "resources are made and removed by the gateway alone")
        }
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

    private func answer(_ data: IntrospectionData, _ request: ResourceRequest) -> Message {
        // The link says application/cbor; a client that asks for OCF CBOR gets the same bytes under that name.
        var message = Message(code: .content, contentFormat: ContentFormat.cbor, payload: data.document())
        if request.responseFormat == ContentFormat.ocfCBOR, request.acceptsExplicitly {
            message.contentFormat = ContentFormat.ocfCBOR
            message.ocfContentFormatVersion = OCFVersion.v1_0_0
        }
        return message
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
