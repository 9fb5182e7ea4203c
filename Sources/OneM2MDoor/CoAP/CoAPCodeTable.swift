import CoAPMessages
import OneM2MPrimitives

extension ResponseStatus {
    /// The CoAP code of a response (TS-0008 6.2.4, table 6.2.4-1). Several statuses share a code: option 307 says which it
    /// is. A status that is not in the table has the code of its class.
    func coapCode(of operation: Operation) -> Code {
        switch rawValue {
        case 2000: operation == .retrieve ? .content : .changed
        case 2001: .created
        case 2002: .deleted
        case 2004: .changed
        case 1000...1002: .created
        case 4000, 4102, 4104, 4110, 4123, 4124, 4143, 5106, 5219, 5220, 6010, 6022...6024, 6028, 6029: .badRequest
        case 4001, 4125, 5001, 5206: .notImplemented
        case 4004, 4118, 4119, 4121, 5103, 5107, 6003, 6005: .notFound
        case 4005: .methodNotAllowed
        case 4008, 6030, 6031: .gatewayTimeout
        case 4015: .unsupportedContentFormat
        case 4101, 4103, 4105...4109, 4111...4117, 4126, 4127, 5105, 5203, 5205, 5208, 5214, 5215, 5218, 5222:
            .forbidden
        case 4120, 4122: .badOption
        case 5207: .notAcceptable
        case 1003..<3000: .changed
        case 4000..<5000: .badRequest
        default: .internalServerError
        }
    }

    /// The status that is meant by a code alone, when a server has not sent option 307.
    init(coapCode code: Code) {
        switch code {
        case .created: self = .created
        case .deleted: self = .deleted
        case .changed: self = .updated
        case .content, .valid: self = .ok
        case .unauthorized, .forbidden: self = .originatorHasNoPrivilege
        case .notFound: self = .notFound
        case .methodNotAllowed: self = .operationNotAllowed
        case .notAcceptable: self = .notAcceptable
        case .conflict: self = .conflict
        case .unsupportedContentFormat: self = .unsupportedMediaType
        case .notImplemented: self = .notImplemented
        case .badGateway, .serviceUnavailable: self = .targetNotReachable
        case .gatewayTimeout: self = .requestTimeout
        default: self = code.codeClass == 4 ? .badRequest : code.codeClass == 2 ? .ok : .internalServerError
        }
    }
}
