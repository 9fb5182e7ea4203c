import CoAPMessages
import OneLoop
import OneM2MPrimitives

/// Sends requests to points of access, over whichever binding they name.
@Loop
public final class Transports {
    private let http: HTTPClient
    private let coap: CoAPClient

    /// How long an answer is waited for, when the request itself does not say.
    public static let timeout = Duration.seconds(10)

    /// Transports over these clients.
    public init(http: HTTPClient, coap: CoAPClient) {
        self.http = http
        self.coap = coap
    }

    /// Sends a request, and gives the response.
    ///
    /// - Parameters:
    ///   - isWholeTarget: the point's path is where it goes, as with a notification to a URL; else the path of `to` is added.
    ///   - form: how it is written.
    public func send(
        _ request: RequestPrimitive, to point: PointOfAccess, isWholeTarget: Bool, form: Serialization = .json,
        timeout: Duration = Transports.timeout
    ) async throws(TransportError) -> ResponsePrimitive {
        switch point.scheme {
        case .http, .https:
            let message = HTTPRequestMapping.http(
                request, base: point.path, isWholeTarget: isWholeTarget, form: form)
            let answer = try await http.send(message, to: point, timeout: timeout)
            return try HTTPResponseMapping.response(answer, to: request)
        case .coap, .coaps:
            let message = CoAPRequestMapping.message(
                request, base: point.path, isWholeTarget: isWholeTarget, form: form)
            let answer = try await coap.send(message, to: point, timeout: timeout)
            return try CoAPResponseMapping.response(answer, to: request)
        }
    }

    /// Closes every connection.
    public func stop() {
        http.stop()
        coap.stop()
    }
}

extension ResponsePrimitive {
    /// The response where none came (TS-0004 7.3.2.6): 4008 when the target may have got the request, 5103 when not.
    init(_ error: TransportError, to request: RequestPrimitive) {
        self.init(
            OneM2MError(error.code.mayHaveArrived ? .requestTimeout : .targetNotReachable, error.reason), to: request)
    }
}
