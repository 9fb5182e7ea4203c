import XMPP

/// The id of something that a user of a service may or may not do: parts with dots between, a tree (XEP-0324 3.7.1).
public struct PrivilegeID: Sendable, Hashable, CustomStringConvertible {
    /// `Databases.Energy.Select`.
    public let text: String

    /// An id; nil when a part is empty or it is too long. (The schema's published pattern takes nothing of use; meant is
    /// `[^.]+(\.[^.]+)*`.)
    public init?(_ text: String) {
        guard text.utf8.count <= ProvisioningLimits.privilegeBytes else { return nil }
        // By bytes: a mark that joins the dot before it would hide that from a look at characters.
        let parts = text.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        self.text = text
    }

    /// Whether it is `other` or above it in the tree: a parent's privilege is that of all below (XEP-0324 3.7.1).
    public func covers(_ other: PrivilegeID) -> Bool {
        let own = text.utf8
        let theirs = other.text.utf8
        guard theirs.starts(with: own) else { return false }
        return theirs.count == own.count || theirs.dropFirst(own.count).first == UInt8(ascii: ".")
    }

    /// The text.
    public var description: String { text }

    init(_ element: XMLElement, _ name: String) throws(PayloadError) {
        let text = try element.required(name)
        guard let id = PrivilegeID(text) else {
            throw PayloadError(
                .badValue,
                "\(name) is \"\(text.prefix(64))\"; parts with dots between, such as Sensors.View, were expected")
        }
        self = id
    }
}

/// `hasPrivilege`: may the user do this? (XEP-0324 3.7.1)
public struct PrivilegeQuestion: ProvisioningElement {
    /// The service's tokens. Ids are local to a service.
    public var serviceTokens: [String]
    /// The user's.
    public var userTokens: [String]
    /// The whole id, never a part of it.
    public var privilege: PrivilegeID

    /// A question.
    public init(serviceTokens: [String], userTokens: [String], privilege: PrivilegeID) {
        self.serviceTokens = serviceTokens
        self.userTokens = userTokens
        self.privilege = privilege
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("hasPrivilege")
        serviceTokens = try ProvisioningTokens.required(element, "serviceToken")
        userTokens = try ProvisioningTokens.required(element, "userToken")
        privilege = try PrivilegeID(element, "privilegeId")
    }

    /// `hasPrivilege`.
    public var element: XMLElement {
        .provisioning(
            "hasPrivilege",
            [
                "serviceToken": serviceTokens.joined(separator: " "), "userToken": userTokens.joined(separator: " "),
                "privilegeId": privilege.text,
            ])
    }
}

/// `hasPrivilegeResponse`.
public struct PrivilegeAnswer: ProvisioningElement {
    /// Whether the user may.
    public var isGranted: Bool

    /// An answer.
    public init(isGranted: Bool) { self.isGranted = isGranted }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("hasPrivilegeResponse")
        _ = try element.required("result")
        isGranted = try element.flag("result")
    }

    /// `hasPrivilegeResponse`.
    public var element: XMLElement { .provisioning("hasPrivilegeResponse", ["result": "\(isGranted)"]) }
}

/// `downloadPrivileges`: what may the user do? (XEP-0324 3.7.2)
public struct PrivilegeListQuestion: ProvisioningElement {
    /// The service's tokens.
    public var serviceTokens: [String]
    /// The user's.
    public var userTokens: [String]

    /// A question.
    public init(serviceTokens: [String], userTokens: [String]) {
        self.serviceTokens = serviceTokens
        self.userTokens = userTokens
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("downloadPrivileges")
        serviceTokens = try ProvisioningTokens.required(element, "serviceToken")
        userTokens = try ProvisioningTokens.required(element, "userToken")
    }

    /// `downloadPrivileges`.
    public var element: XMLElement {
        .provisioning(
            "downloadPrivileges",
            ["serviceToken": serviceTokens.joined(separator: " "), "userToken": userTokens.joined(separator: " ")])
    }
}

/// `downloadPrivilegesResponse`: privileges in an order that matters (XEP-0324 3.7.1).
public struct PrivilegeList: ProvisioningElement {
    /// One line of it.
    public enum Entry: Sendable, Hashable {
        /// This and what is below it may be done.
        case include(PrivilegeID)
        /// This and what is below it may not.
        case exclude(PrivilegeID)
    }

    /// The lines, in order.
    public var entries: [Entry]

    /// A list.
    public init(_ entries: [Entry] = []) { self.entries = entries }

    /// Whether the list lets somebody do this: the first line that names it, or what is above it, decides; none is no.
    public func allows(_ privilege: PrivilegeID) -> Bool {
        for entry in entries {
            switch entry {
            case .include(let id): if id.covers(privilege) { return true }
            case .exclude(let id): if id.covers(privilege) { return false }
            }
        }
        return false
    }

    /// Reads it, also without its namespace, as the text's listing 24 has it.
    public init(_ element: XMLElement) throws(PayloadError) {
        guard element.name == "downloadPrivilegesResponse",
            element.namespace == Provisioning.namespace || element.namespace == Namespace.client
        else {
            throw PayloadError(.wrongElement, "<\(element.name.prefix(32))> is no downloadPrivilegesResponse")
        }
        entries = []
        let children = element.children
        guard children.count <= ProvisioningLimits.privileges else {
            throw PayloadError(
                .tooMany, "\(children.count) privileges are listed, at most \(ProvisioningLimits.privileges) are taken")
        }
        for child in children where child.namespace == element.namespace {
            switch child.name {
            case "include": entries.append(.include(try PrivilegeID(child, "id")))
            case "exclude": entries.append(.exclude(try PrivilegeID(child, "id")))
            // A line that is not understood might have been an exclusion: the list is not used without it.
            default: throw PayloadError(.wrongElement, "<\(child.name.prefix(32))> is neither include nor exclude")
            }
        }
    }

    /// `downloadPrivilegesResponse`.
    public var element: XMLElement {
        .provisioning(
            "downloadPrivilegesResponse",
            children: entries.map { entry in
                switch entry {
                case .include(let id): .provisioning("include", ["id": id.text])
                case .exclude(let id): .provisioning("exclude", ["id": id.text])
                }
            })
    }
}
