/// Where a request goes: one of the three forms of TS-0001 9.3.1, structured (by names) or not (by a resource's ID).
///
/// ```
/// cse-gw1/lock12/log/la           CSE-relative, structured
/// -/lock12/log                    the same, with the name of the base left to the CSE
/// c4f                             CSE-relative, a resource's ID; names may follow: c4f/log
/// /gw1/cse-gw1/lock12             relative to the service provider
/// //sp.example.com/gw1/c4f        absolute
/// ```
public struct ResourceAddress: Sendable, Hashable {
    /// Whose resource it is.
    public enum Scope: Sendable, Hashable {
        /// The receiver's.
        case relative
        /// That of a CSE of the same service provider.
        case cse(String)
        /// That of a CSE of any service provider.
        case absolute(spID: String, cseID: String)
    }

    /// Whose resource it is.
    public let scope: Scope
    /// A resource's ID or the base's name, and names below it; empty for the CSEBase itself.
    public let path: [String]

    /// The longest text that is looked at: thirty levels of names of thirty bytes.
    public static let longestText = 1024
    /// The most parts, those of the deepest tree and a virtual one below it.
    public static let mostParts = 48
    /// The longest name of a resource.
    public static let longestName = 128

    /// An address of these parts, unchecked.
    public init(scope: Scope = .relative, path: [String]) {
        self.scope = scope
        self.path = path
    }

    /// The address that a text spells; nil for one that is empty, too long, or has empty parts.
    public init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.longestText else { return nil }
        let isAbsolute = text.utf8.starts(with: "//".utf8)
        let isRelativeToSP = !isAbsolute && text.utf8.first == UInt8(ascii: "/")
        var rest = text[...]
        if isAbsolute { rest = rest.dropFirst(2) } else if isRelativeToSP { rest = rest.dropFirst() }
        if rest.utf8.last == UInt8(ascii: "/") { rest = rest.dropLast() }
        let parts = rest.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= Self.mostParts, parts.allSatisfy({ Self.isName($0) }) else { return nil }
        if isAbsolute {
            guard parts.count >= 2 else { return nil }
            self.init(scope: .absolute(spID: parts[0], cseID: parts[1]), path: Array(parts.dropFirst(2)))
        } else if isRelativeToSP {
            self.init(scope: .cse(parts[0]), path: Array(parts.dropFirst()))
        } else {
            self.init(path: parts)
        }
    }

    /// Whether a text can be one part of an address: no slash, no control, no white space, not empty, not too long.
    public static func isName(_ part: String) -> Bool {
        (1...longestName).contains(part.utf8.count)
            && part.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != UInt8(ascii: "/") }
    }

    /// Whether a name may be given to a resource: characters that need no escape in a URI (TS-0004 6.3.3, `m2m:resourceName`
    /// is a subset of RFC 3986's unreserved ones), and not a word that is a place of its own.
    public static func isResourceName(_ name: String) -> Bool {
        EntityID.isWellFormed(name) && name != "-" && name != "~" && name != "_"
            && virtualNames.allSatisfy { $0 != name }
    }

    /// The names of virtual resources: latest, oldest, fan-out point, polling channel's URI, token issuing.
    public static let virtualNames = ["la", "ol", "fopt", "pcu", "atis"]

    /// Whether the resource is at this CSE.
    public func isLocal(to home: CSEIdentity) -> Bool {
        switch scope {
        case .relative: true
        case .cse(let cseID): cseID == home.cseID
        case .absolute(let spID, let cseID): spID == home.spID && cseID == home.cseID
        }
    }

    /// The CSE that has the resource.
    public func cse(seenFrom home: CSEIdentity) -> EntityID {
        switch scope {
        case .relative: home.entity
        case .cse(let cseID): EntityID(spID: home.spID, cseID: cseID, stem: nil)
        case .absolute(let spID, let cseID): EntityID(spID: spID, cseID: cseID, stem: nil)
        }
    }

    /// The same resource in the absolute form, `-` for the base written out when it is this CSE's: two addresses that agree
    /// in this and are both structured, or both not, are the same.
    public func normalised(at home: CSEIdentity) -> ResourceAddress {
        let owner = cse(seenFrom: home)
        var path = path
        if path.first == "-", owner == home.entity { path[0] = home.baseName }
        return ResourceAddress(scope: .absolute(spID: owner.spID, cseID: owner.cseID), path: path)
    }
}

extension ResourceAddress: CustomStringConvertible {
    /// The text.
    public var description: String {
        let rest = path.joined(separator: "/")
        switch scope {
        case .relative: return rest
        case .cse(let cseID): return path.isEmpty ? "/\(cseID)" : "/\(cseID)/\(rest)"
        case .absolute(let spID, let cseID): return path.isEmpty ? "//\(spID)/\(cseID)" : "//\(spID)/\(cseID)/\(rest)"
        }
    }
}
