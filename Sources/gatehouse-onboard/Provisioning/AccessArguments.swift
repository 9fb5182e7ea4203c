import ArgumentParser
import OCFModel
import Onboarding

/// Whom an entry is about, as typed.
struct SubjectArgument: CustomStringConvertible {
    let subject: AccessControlEntry.Subject

    init(_ subject: AccessControlEntry.Subject) { self.subject = subject }

    static func read(_ text: String, _ household: Household) throws -> SubjectArgument {
        switch text {
        case "self": return SubjectArgument(.device(try household.state.tool().id))
        case "encrypted": return SubjectArgument(.encrypted)
        case "everybody": return SubjectArgument(.everybody)
        case _ where text.hasPrefix("role:"):
            let parts = text.dropFirst(5).split(separator: "@", maxSplits: 1).map(String.init)
            guard let name = parts.first else {
                throw OnboardingError(.malformed, "\(text): expected role:NAME or role:NAME@AUTHORITY")
            }
            return SubjectArgument(.role(Requester.Role(name, authority: parts.count > 1 ? parts[1] : nil)))
        default:
            if let id = Identifier(text) { return SubjectArgument(.device(id)) }
            return SubjectArgument(.device(try household.state.device(text).id))
        }
    }

    var description: String {
        switch subject {
        case .device(let id): id.description
        case .role(let role): "role:\(role.name)" + (role.authority.map { "@\($0)" } ?? "")
        case .encrypted: "encrypted"
        case .everybody: "everybody"
        }
    }
}

/// Which resources, as typed.
struct ResourceArgument {
    let selector: AccessControlEntry.Selector

    init?(_ text: String) {
        switch text {
        case "*": selector = .allApplication
        case "+": selector = .discoverableEncrypted
        case "-": selector = .discoverablePlain
        case _ where text.hasPrefix("/"): selector = .href(text)
        default: return nil
        }
    }
}

extension AccessControlEntry.Selector {
    var text: String {
        switch self {
        case .href(let href): href
        case .allApplication: "*"
        case .discoverableEncrypted: "+"
        case .discoverablePlain: "-"
        }
    }
}

/// What is permitted, as typed.
struct PermissionsArgument: ExpressibleByArgument {
    let permissions: Permissions

    init(_ permissions: Permissions) { self.permissions = permissions }

    init?(argument: String) {
        var permissions: Permissions = []
        for letter in argument {
            guard let known = Permissions.letters.first(where: { $0.letter == letter }) else { return nil }
            permissions.insert(known.permission)
        }
        guard !permissions.isEmpty else { return nil }
        self.permissions = permissions
    }

    var defaultValueDescription: String { permissions.letters }
}

extension Permissions {
    static let letters: [(letter: Character, permission: Permissions)] = [
        ("c", .create), ("r", .read), ("u", .update), ("d", .delete), ("n", .notify),
    ]

    var letters: String { String(Self.letters.filter { contains($0.permission) }.map(\.letter)) }
}
