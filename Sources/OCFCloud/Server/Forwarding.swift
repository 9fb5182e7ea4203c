import CoAP
import CoAPMessages
import NIOCore
import OCFModel

extension Session {
    /// Forwards a request to a device of the same user and its answer back (OCF Device To Cloud 8.4).
    ///
    /// Another user's device looks like one that does not exist. What the requester may do is the device's to decide: it
    /// takes the request as the cloud's.
    func forward(_ request: Message, to device: Identifier, of member: Member, _ exchange: Exchange) {
        guard let route = core.routes.route(to: device), route.registration.user == member.user else {
            return exchange.respond(Replies.error(.notFound, "there is no device \(device)"))
        }
        let upstream = request.forwarded
        if exchange.asksToObserve {
            guard !core.isDraining else { return exchange.respond(Replies.draining) }
            return route.relay.join(upstream, exchange, self, route)
        }
        route.send(upstream, core: core) { result in
            exchange.respond(Replies.outcome(result, of: upstream, from: device))
        }
    }
}

extension DeviceRoute {
    /// Why a request was not sent to the device.
    struct Unsent: Error {
        let answer: Message
    }

    /// Sends a request to the device, within the limits. `completion` is called once, on any loop.
    func send(
        _ request: Message, core: CloudCore, _ completion: @escaping @Sendable (Result<Message, any Error>) -> Void
    ) {
        guard let connection else { return completion(.failure(Unsent(answer: Replies.away))) }
        guard core.begin() else { return completion(.failure(Unsent(answer: Replies.draining))) }
        guard reserve(most: core.configuration.limits.pendingPerDevice) else {
            core.finish()
            return completion(.failure(Unsent(answer: Replies.busy)))
        }
        connection.send(request, timeout: .seconds(core.configuration.requestTimeout)).whenComplete { [self] result in
            release()
            core.finish()
            completion(result)
        }
    }
}

extension Replies {
    /// The device has ended an observation without saying why.
    static let ended = error(.serviceUnavailable, "the device has ended the observation")

    /// What the requester gets for what the device answered, or did not.
    static func outcome(_ result: Result<Message, any Error>, of request: Message, from device: Identifier) -> Message {
        switch result {
        case .success(let response): response.answer(from: device)
        case .failure(let error): failure(error, of: request.code)
        }
    }

    /// What the requester gets when the device did not answer.
    static func failure(_ error: any Error, of method: Code) -> Message {
        if let unsent = error as? DeviceRoute.Unsent { return unsent.answer }
        guard let error = error as? CoAPError else { return away }
        switch error.code {
        case .timeout: return Self.error(.gatewayTimeout, "the device did not answer in time")
        case .tooManyRequests: return busy
        case .messageTooLarge: return Self.error(.requestEntityTooLarge, "the device takes no message of this size")
        case .bodyTooLarge, .blockwiseFailed, .badResponse, .malformedMessage:
            return Self.error(.badGateway, "the device's answer cannot be passed on: \(error.reason)")
        default:
            // The connection broke. A request that changes nothing can be made again; of another nobody knows whether
            // it was done.
            return method == .get
                ? away : Self.error(.gatewayTimeout, "the device went away before it answered")
        }
    }
}

extension Message {
    /// The request as the device gets it: without the first segment of the path, which named the device, and without what
    /// concerns this hop alone or must not be passed on unknown (RFC 7252 §5.4.2).
    var forwarded: Message {
        var kept = Options()
        var isFirstSegment = true
        for option in options {
            switch option.number {
            case .uriPath:
                if isFirstSegment {
                    isFirstSegment = false
                } else {
                    kept.add(.uriPath, option.value)
                }
            case .uriQuery: kept.add(.uriQuery, option.value)
            case let number where number.isUnsafeToForward: continue
            // It would have the device keep its answer back (RFC 7967).
            case .noResponse: continue
            case let number: kept.add(number, option.value)
            }
        }
        return Message(code: code, options: kept, payload: payload)
    }

    /// The device's response as the requester gets it: without what concerned the other hop, places named under the
    /// device's prefix.
    func answer(from device: Identifier) -> Message {
        guard
            options.contains(.observe) || options.contains(.locationPath) || options.contains(.block2)
                || options.contains(.size2) || options.contains(.block1)
        else { return self }
        var answer = self
        answer.options.removeAll { [.observe, .block1, .block2, .size2].contains($0) }
        if options.contains(.locationPath) {
            answer.options.set(.locationPath, strings: [device.description] + options.strings(.locationPath))
        }
        return answer
    }
}
