import CoAP
import CoAPMessages
import JSONText
import OneLoop
import OneM2MPrimitives

/// The CoAP binding of a CSE: reads a request, has it done, and writes the response.
@Loop
public final class CoAPBinding {
    private let identities: PeerIdentities
    private let receive: HTTPBinding.Receiver

    /// A binding.
    public init(identities: PeerIdentities, receive: @escaping HTTPBinding.Receiver) {
        self.identities = identities
        self.receive = receive
    }

    /// What serves one connection.
    public func handler(_ connection: Connection) -> any RequestHandler {
        let completed = CoAPDTLS.handshake(of: connection)
        let identified =
            identities.identities(of: completed?.peer ?? nil)
            + identities.identities(ofKey: completed?.preSharedIdentity ?? nil)
        // A certificate that speaks for nobody authenticates nobody.
        let origin = RequestOrigin(
            transport: completed == nil ? .coap : .coaps, address: connection.remoteAddress?.ipAddress,
            isSecure: completed != nil && !identified.isEmpty, identities: identified)
        return OneM2MRequestHandler(binding: self, origin: origin)
    }

    func answer(_ message: Message, from origin: RequestOrigin) async -> Message {
        let incoming: CoAPRequestMapping.Incoming
        do throws(OneM2MError) {
            incoming = try CoAPRequestMapping.request(message)
        } catch {
            let response = ResponsePrimitive(
                error.status,
                requestIdentifier: CoAPRequestMapping.text(message.options, .oneM2MRequestIdentifier) ?? "",
                content: ["m2m:dbg": .string(error.reason)])
            return CoAPResponseMapping.message(response, to: nil, isWhole: false, form: .json)
        }
        let response = await receive(incoming.request, origin)
        return CoAPResponseMapping.message(
            response, to: incoming.request, isWhole: incoming.isWhole, form: incoming.form)
    }
}

/// Serves a connection's requests, and knows oneM2M's options.
struct OneM2MRequestHandler: RequestHandler {
    let binding: CoAPBinding
    let origin: RequestOrigin

    func handle(_ request: Message, _ exchange: Exchange) {
        let binding = binding
        let origin = origin
        Loop.assumeIsolated {
            _ = Task { exchange.respond(await binding.answer(request, from: origin)) }
        }
    }

    func understands(_ option: OptionNumber) -> Bool { option.isUnderstoodByOneM2M }
}

/// Asks alone, and understands the answers.
struct OneM2MAnswersUnderstood: RequestHandler {
    func handle(_ request: Message, _ exchange: Exchange) { exchange.respond(.notFound) }

    func understands(_ option: OptionNumber) -> Bool { option.isUnderstoodByOneM2M }
}

extension OptionNumber {
    /// Whether this is a critical option that the oneM2M door honours.
    fileprivate var isUnderstoodByOneM2M: Bool {
        isUnderstoodByEndpoints || OptionNumber.oneM2MOptions.contains(self)
    }

    private static let oneM2MOptions: Set<OptionNumber> = [
        .oneM2MOriginatingTimestamp, .oneM2MNotificationURI, .oneM2MResourceType, .oneM2MReleaseVersion,
        .oneM2MSignatureRequest, .oneM2MFrom, .oneM2MRequestIdentifier, .oneM2MRequestExpiration,
        .oneM2MResultExpiration, .oneM2MOperationExecutionTime, .oneM2MEventCategory, .oneM2MResponseStatus,
        .oneM2MGroupRequestIdentifier, .oneM2MContentOffset, .oneM2MContentStatus, .oneM2MAssignedTokens,
        .oneM2MVendorInformation, .oneM2MGroupTargetMembers, .oneM2MAuthorizationSignatures,
    ]
}
