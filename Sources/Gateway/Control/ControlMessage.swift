import JSONText

/// What the command line asks of the daemon, and how the daemon answers: one JSON object a line, both ways.
///
/// A request is `{"command": NAME, …}`. The answer is `{"ok": …}` or `{"error": {"code", "reason"}}`; `watch` answers
/// with any number of `{"event": …}` lines until the caller leaves.
public enum ControlRequest: Sendable, Equatable {
    /// The gateway at a glance.
    case status
    /// All nodes.
    case nodes
    /// A node's fields and parameters, or one of them.
    case read(node: String, field: String?)
    /// Sets a control parameter.
    case set(node: String, parameter: String, value: String)
    /// Who is trusted.
    case trustList
    /// Takes trust away.
    case trustRemove(identifier: String)
    /// A cloud knocks; `trust` is the PEM text of its authorities, or empty for those configured.
    case cloudSet(address: String, id: String, token: String, provider: String, trust: String)
    /// Leaves the cloud: deregisters and forgets.
    case cloudClear
    /// The button, for so many milliseconds (simulated boards).
    case press(milliseconds: Int)
    /// Sets a simulated input line.
    case drive(line: String, level: Bool)
    /// Forgets everything.
    case factoryReset
    /// Follows lamp, pairing and nodes.
    case watch
}

extension ControlRequest {
    /// Reads a request.
    ///
    /// - Throws: ``ControlError`` `badRequest`, naming what was expected.
    public init(_ json: JSON) throws(ControlError) {
        guard let command = json["command"]?.string else {
            throw ControlError(.badRequest, "found no command; expected an object with the text member \"command\"")
        }
        func text(_ name: String) throws(ControlError) -> String {
            guard let value = json[name]?.string else {
                throw ControlError(.badRequest, "\(command) expects the text member \"\(name)\"")
            }
            return value
        }
        switch command {
        case "status": self = .status
        case "nodes": self = .nodes
        case "read": self = .read(node: try text("node"), field: json["field"]?.string)
        case "set": self = .set(node: try text("node"), parameter: try text("parameter"), value: try text("value"))
        case "trust-list": self = .trustList
        case "trust-remove": self = .trustRemove(identifier: try text("identifier"))
        case "cloud-set":
            self = .cloudSet(
                address: try text("address"), id: try text("id"), token: try text("token"),
                provider: json["provider"]?.string ?? "", trust: json["trust"]?.string ?? "")
        case "cloud-clear": self = .cloudClear
        case "press":
            guard let time = json["milliseconds"]?.int, (1...60_000).contains(time) else {
                throw ControlError(.badRequest, "press expects \"milliseconds\" from 1 to 60000")
            }
            self = .press(milliseconds: time)
        case "drive":
            guard let level = json["level"]?.bool else {
                throw ControlError(.badRequest, "drive expects the member \"level\", true or false")
            }
            self = .drive(line: try text("line"), level: level)
        case "factory-reset": self = .factoryReset
        case "watch": self = .watch
        default:
            throw ControlError(.badRequest, "there is no command \"\(command)\"; this daemon may be older than you")
        }
    }

    /// The request as it goes over the socket.
    public var json: JSON {
        switch self {
        case .status: ["command": "status"]
        case .nodes: ["command": "nodes"]
        case .read(let node, let field):
            ["command": "read", "node": .string(node), "field": .string(orNull: field)]
        case .set(let node, let parameter, let value):
            ["command": "set", "node": .string(node), "parameter": .string(parameter), "value": .string(value)]
        case .trustList: ["command": "trust-list"]
        case .trustRemove(let identifier): ["command": "trust-remove", "identifier": .string(identifier)]
        case .cloudSet(let address, let id, let token, let provider, let trust):
            [
                "command": "cloud-set", "address": .string(address), "id": .string(id), "token": .string(token),
                "provider": .string(provider), "trust": .string(trust),
            ]
        case .cloudClear: ["command": "cloud-clear"]
        case .press(let time): ["command": "press", "milliseconds": .int(time)]
        case .drive(let line, let level): ["command": "drive", "line": .string(line), "level": .bool(level)]
        case .factoryReset: ["command": "factory-reset"]
        case .watch: ["command": "watch"]
        }
    }
}

/// Why the daemon did not do what was asked, or could not be asked.
public struct ControlError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is; the command line's exit code follows from it.
    public enum Code: String, Sendable {
        /// The request makes no sense.
        case badRequest = "bad-request"
        /// No such node, field, parameter or record.
        case notFound = "not-found"
        /// The value does not fit the parameter.
        case badValue = "bad-value"
        /// Possible, but not now or not on this board.
        case refused
        /// The daemon tried and failed.
        case failed
        /// No daemon answers.
        case unreachable
    }

    /// The kind.
    public let code: Code
    /// What was found, what was expected, what to do.
    public let reason: String

    /// An error of a kind with its reason.
    public init(_ code: Code, _ reason: String) {
        self.code = code
        self.reason = reason
    }

    /// The reason.
    public var description: String { reason }

    var json: JSON { ["error": ["code": .string(code.rawValue), "reason": .string(reason)]] }
}
