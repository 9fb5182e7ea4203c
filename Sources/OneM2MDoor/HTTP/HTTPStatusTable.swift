import NIOHTTP1
import OneM2MPrimitives

extension ResponseStatus {
    /// The HTTP status of a response (TS-0009 6.3.2, table 6.3.2-1). A code that is not in the table has that of its class.
    var httpStatus: HTTPResponseStatus {
        switch rawValue {
        case 2000, 2002, 2004: .ok
        case 2001: .created
        case 1000, 1001, 1002: .accepted
        case 4000, 4102, 4110, 4120, 4122, 4123, 4143, 6010, 6022, 6023, 6024: .badRequest
        case 4101, 4103, 4106...4109, 4111...4117, 4126, 4127, 5105, 5203, 5205, 5208, 5214, 5215, 5218, 5222:
            .forbidden
        case 4004, 4118, 4119, 4121, 5103, 5107, 6003, 6005: .notFound
        case 4005: .methodNotAllowed
        case 5207: .notAcceptable
        case 4104, 4105, 4124, 5106, 5219, 5220, 6028, 6029: .conflict
        case 4015: .unsupportedMediaType
        case 4001, 4125, 5001, 5206: .notImplemented
        case 4008, 6030, 6031: .gatewayTimeout
        case 1003..<2000: .accepted
        case 2003, 2005..<3000: .ok
        case 4000..<5000: .badRequest
        default: .internalServerError
        }
    }

    /// The status that is meant by an HTTP status alone, when a server has not said `X-M2M-RSC`: a proxy between, or one
    /// that is no CSE.
    init(httpStatus: HTTPResponseStatus) {
        switch httpStatus.code {
        case 200, 204: self = .ok
        case 201: self = .created
        case 202: self = .accepted
        case 401, 403, 407: self = .originatorHasNoPrivilege
        // Said by a server that is no CSE, or is none yet while it starts: nothing of the resource, and worth another try.
        case 404, 410: self = .targetNotReachable
        case 405: self = .operationNotAllowed
        case 406: self = .notAcceptable
        case 408, 504: self = .requestTimeout
        case 409: self = .conflict
        case 415: self = .unsupportedMediaType
        case 501: self = .notImplemented
        case 502, 503: self = .targetNotReachable
        case 400..<500: self = .badRequest
        default: self = .internalServerError
        }
    }
}
