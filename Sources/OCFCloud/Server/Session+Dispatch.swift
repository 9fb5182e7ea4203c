import CoAP
import CoAPMessages
import OCFModel

extension Session {
    /// Sends a request where its path leads.
    func dispatch(_ request: Message, _ exchange: Exchange) {
        // A routed request is the common case, and is told by the length of a UUID.
        if let first = request.options.first(.uriPath), first.count == 36,
            let device = Identifier(String(decoding: first, as: UTF8.self))
        {
            guard let member else { return refuseStranger(exchange) }
            return forward(request, to: device, of: member, exchange)
        }
        guard !request.options.contains(.ifMatch), !request.options.contains(.ifNoneMatch) else {
            return exchange.respond(Replies.error(.badOption, "the cloud's own resources take no conditions"))
        }
        switch request.pathString {
        case "/oic/sec/account": answer(request, exchange, closesOnError: true, account)
        case "/oic/sec/session": answer(request, exchange, closesOnError: true, session)
        case "/oic/sec/tokenrefresh": answer(request, exchange, closesOnError: true, tokenRefresh)
        case DeviceToken.path: answer(request, exchange, closesOnError: false, deviceToken)
        case "/oic/rd": answer(request, exchange, closesOnError: false, directory)
        case "/oic/res": discover(request, exchange)
        case "/oic/d": describe(request, exchange) { $0.description(of: request) }
        case "/oic/p": describe(request, exchange) { $0.platform(of: request) }
        default:
            guard member != nil else { return refuseStranger(exchange) }
            exchange.respond(
                Replies.error(.notFound, "there is nothing at \(request.pathString); devices are at /<di>/…"))
        }
    }

    /// A stranger may sign up, sign in and refresh; anything else ends the connection.
    func refuseStranger(_ exchange: Exchange) {
        exchange.respond(Replies.error(.unauthorized, "sign in first"))
        close("not signed in")
    }

    /// Answers by `body`, in the order of the connection's requests.
    private func answer(
        _ request: Message, _ exchange: Exchange, closesOnError: Bool,
        _ body: @escaping @Sendable (Message) async throws -> Message
    ) {
        inOrder(exchange) { [self] in
            let response: Message
            do {
                response = try await body(request)
            } catch let error as CloudError {
                response = Replies.error(error)
            } catch let error as ResourceError {
                response = Message.ocfResponse(error)
            } catch {
                core.logger.error("a request failed", metadata: metadata(["error": "\(error)"]))
                response = Replies.error(.serviceUnavailable, "the cloud's database failed")
            }
            exchange.respond(response)
            if response.code == .deleted, closesOnError { return close("deregistered") }
            guard !response.code.isSuccess else { return }
            core.logger.notice(
                "refused \(request.code) \(request.pathString): \(response.code)",
                metadata: metadata(["reason": "\(String(decoding: response.payload.prefix(200), as: UTF8.self))"]))
            if closesOnError || member == nil { close("refused") }
        }
    }

    private func describe(_ request: Message, _ exchange: Exchange, _ body: (Session) -> Message) {
        guard member != nil else { return refuseStranger(exchange) }
        guard request.code == .get else { return exchange.respond(Replies.error(.methodNotAllowed, "read-only")) }
        exchange.respond(body(self))
    }
}
