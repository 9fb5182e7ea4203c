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
    /// Lets sensors join; nil is what the configuration says.
    case permitJoin(seconds: Int?, limit: Int?)
    /// Lets no more sensors join.
    case closeJoin
    /// Gives a sensor another name.
    case rename(node: String, name: String)
    /// Removes a sensor and what is remembered of it.
    case forget(node: String)
    /// Allows, denies or unlists an address, or a node.
    case list(who: String, verdict: ListVerdict, connect: Bool?)
    /// Who is allowed and who denied.
    case lists
    /// Gives a sensor its bind key; empty takes the one away that was given.
    case key(node: String, key: String)
    /// Who is heard and is no node.
    case strangers
    /// Pairs with a device, or goes on with that: with the number it shows, or whether both numbers are the same.
    case pair(node: String, passkey: Int?, same: Bool?)
    /// Who is trusted.
    case trustList
    /// Takes trust away.
    case trustRemove(identifier: String)
    /// One of those who are trusted, with what is known of it.
    case trustShow(identifier: String)
    /// Refuses every new knock until a factory reset.
    case trustLock
    /// What provisioning servers have said and is remembered; of somebody, or of all.
    case decisions(who: String?)
    /// How a read-out or a control would be decided, and by whom; `asks`: servers are asked what is not remembered.
    case decisionsExplain(who: String, node: String, name: String?, control: Bool, asks: Bool)
    /// Forgets what a provisioning server has said, or all of them.
    case decisionsClear(server: String?)
    /// What provisioning servers let a user of the gateway's services do.
    case privileges(who: String)
    /// A cloud knocks; `trust` is the PEM text of its authorities, or empty for those configured.
    case cloudSet(address: String, id: String, token: String, provider: String, trust: String)
    /// Leaves the cloud: deregisters and forgets.
    case cloudClear
    /// oneM2M's access tokens.
    case token(TokenCommandRequest)
    /// The button, for so many milliseconds (simulated boards).
    case press(milliseconds: Int)
    /// Sets a simulated input line.
    case drive(line: String, level: Bool)
    /// What the label says.
    case label
    /// Forgets everything.
    case factoryReset
    /// Follows lamp, pairing and nodes.
    case watch
}

/// What a person says of an address.
public enum ListVerdict: String, Sendable {
    /// It may be a node.
    case allow
    /// It may not.
    case deny
    /// Nothing: the configuration's word counts.
    case unlist
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
        case "permit-join":
            self = .permitJoin(seconds: json["seconds"]?.int, limit: json["limit"]?.int)
        case "close-join": self = .closeJoin
        case "rename": self = .rename(node: try text("node"), name: try text("name"))
        case "forget": self = .forget(node: try text("node"))
        case "allow", "deny", "unlist":
            self = .list(
                who: try text("who"), verdict: ListVerdict(rawValue: command) ?? .unlist,
                connect: json["connect"]?.bool)
        case "lists": self = .lists
        case "key": self = .key(node: try text("node"), key: try text("key"))
        case "strangers": self = .strangers
        case "pair":
            let passkey = json["passkey"]?.int
            guard passkey.map({ (0...999_999).contains($0) }) ?? true else {
                throw ControlError(.badRequest, "pair expects \"passkey\" from 0 to 999999")
            }
            self = .pair(node: try text("node"), passkey: passkey, same: json["same"]?.bool)
        case "trust-list": self = .trustList
        case "trust-remove": self = .trustRemove(identifier: try text("identifier"))
        case "trust-show": self = .trustShow(identifier: try text("identifier"))
        case "trust-lock": self = .trustLock
        case "decisions": self = .decisions(who: json["who"]?.string)
        case "decisions-explain":
            self = .decisionsExplain(
                who: try text("who"), node: try text("node"), name: json["name"]?.string,
                control: json["control"]?.bool ?? false, asks: json["asks"]?.bool ?? false)
        case "decisions-clear": self = .decisionsClear(server: json["server"]?.string)
        case "privileges": self = .privileges(who: try text("who"))
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
        case "token": self = .token(try TokenCommandRequest(json))
        case "label": self = .label
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
        case .permitJoin(let seconds, let limit):
            [
                "command": "permit-join", "seconds": seconds.map { .int($0) } ?? .null,
                "limit": limit.map { .int($0) } ?? .null,
            ]
        case .closeJoin: ["command": "close-join"]
        case .rename(let node, let name): ["command": "rename", "node": .string(node), "name": .string(name)]
        case .forget(let node): ["command": "forget", "node": .string(node)]
        case .list(let who, let verdict, let connect):
            [
                "command": .string(verdict.rawValue), "who": .string(who),
                "connect": connect.map { .bool($0) } ?? .null,
            ]
        case .lists: ["command": "lists"]
        case .key(let node, let key): ["command": "key", "node": .string(node), "key": .string(key)]
        case .strangers: ["command": "strangers"]
        case .pair(let node, let passkey, let same):
            [
                "command": "pair", "node": .string(node), "passkey": passkey.map { .int($0) } ?? .null,
                "same": same.map { .bool($0) } ?? .null,
            ]
        case .trustList: ["command": "trust-list"]
        case .trustRemove(let identifier): ["command": "trust-remove", "identifier": .string(identifier)]
        case .trustShow(let identifier): ["command": "trust-show", "identifier": .string(identifier)]
        case .trustLock: ["command": "trust-lock"]
        case .decisions(let who): ["command": "decisions", "who": .string(orNull: who)]
        case .decisionsExplain(let who, let node, let name, let control, let asks):
            [
                "command": "decisions-explain", "who": .string(who), "node": .string(node),
                "name": .string(orNull: name), "control": .bool(control), "asks": .bool(asks),
            ]
        case .decisionsClear(let server): ["command": "decisions-clear", "server": .string(orNull: server)]
        case .privileges(let who): ["command": "privileges", "who": .string(who)]
        case .cloudSet(let address, let id, let token, let provider, let trust):
            [
                "command": "cloud-set", "address": .string(address), "id": .string(id), "token": .string(token),
                "provider": .string(provider), "trust": .string(trust),
            ]
        case .cloudClear: ["command": "cloud-clear"]
        case .press(let time): ["command": "press", "milliseconds": .int(time)]
        case .drive(let line, let level): ["command": "drive", "line": .string(line), "level": .bool(level)]
        case .token(let request): request.json
        case .label: ["command": "label"]
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
