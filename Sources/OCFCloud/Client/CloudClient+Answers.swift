import CBOR
import CoAP
import CoAPMessages
import OCFModel

/// What answers mean to a caller.
extension CloudClient {
    static func yield(
        _ notification: Message, to continuation: AsyncThrowingStream<CBOR.Value, any Error>.Continuation
    ) {
        do {
            continuation.yield(try value(of: notification))
        } catch {
            continuation.finish(throwing: error)
        }
    }

    static func value(of response: Message) throws -> CBOR.Value {
        do {
            return try response.representation(limits: CBOR.Limits(depth: 32, length: 16 << 20, items: 1 << 20))
                ?? .null
        } catch {
            throw CloudError(.peer, "the answer is no OCF representation: \(error.reason)")
        }
    }

    static func resources(in value: CBOR.Value) throws -> [Resource] {
        do throws(LinkError) {
            return try Link.list(value).map { link in
                Resource(href: link.href, device: link.deviceID.flatMap { Identifier($0) }, link: link)
            }
        } catch {
            throw CloudError(.peer, "\(error)")
        }
    }

    static func refusal(_ response: Message, _ path: String) -> CloudError {
        let code: CloudError.Code =
            switch response.code {
            case .badRequest: .malformed
            case .unauthorized: .unauthorized
            case .forbidden: .forbidden
            case .notFound: .notFound
            case .tooManyRequests: .limit
            case .serviceUnavailable: .away
            case .gatewayTimeout: .timeout
            default: .peer
            }
        let diagnostic =
            response.contentFormat == nil ? String(decoding: response.payload.prefix(500), as: UTF8.self) : ""
        return CloudError(code, "\(path): \(response.code)\(diagnostic.isEmpty ? "" : " \(diagnostic)")")
    }

    static func failure(_ error: CoAPError) -> CloudError {
        CloudError(error.code == .timeout ? .timeout : .connection, error.reason)
    }
}
