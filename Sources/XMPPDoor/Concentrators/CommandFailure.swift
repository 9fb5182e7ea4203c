import Concentrator
import XMPP

/// How a command of XEP-0326 did not go; the answer carries the code, and details where it is a form's.
struct CommandFailure: Error {
    var code: ResponseCode
    var children: [XMLElement] = []

    static let notFound = CommandFailure(code: .notFound)
    static let forbidden = CommandFailure(code: .insufficientPrivileges)
    static let notImplemented = CommandFailure(code: .notImplemented)

    init(code: ResponseCode, children: [XMLElement] = []) {
        self.code = code
        self.children = children
    }

    init(_ error: AdministrationError) {
        switch error.code {
        case .notFound: self.init(code: .notFound)
        case .form: self.init(code: .formError, children: ConcentratorPayloads.problems(error))
        case .unsupported: self.init(code: .notImplemented)
        case .locked: self.init(code: .locked)
        case .failed: self.init(code: .otherError)
        }
    }
}
