/// Resources of one address or of many: an address in any form whose parts may hold `*` for any text, and whose last part,
/// when it is `*` alone, stands for everything below.
///
/// ```
/// //sp.example.com/gw2/cse-gw2/lock12      this resource
/// /gw2/cse-gw2/room*/lock                  the lock of each room
/// /gw2/*                                   everything at that CSE, by name and by resource ID
/// *                                        everything
/// ```
///
/// A resource ID and a structured address of one resource are different texts: only a CSE that has the resource can tell
/// that they mean the same, so a pattern covers the one that it spells.
public struct ResourcePattern: Sendable, Hashable {
    /// The address; its path may hold `*`.
    public let address: ResourceAddress

    /// The pattern that a text spells; nil for one that no address could be.
    public init?(_ text: String) {
        guard let address = ResourceAddress(text) else { return nil }
        switch address.scope {
        // A provider or a CSE that is any would make the rest of the pattern mean whatever a stranger has.
        case .cse(let cseID) where cseID.utf8.contains(UInt8(ascii: "*")): return nil
        case .absolute(let spID, let cseID)
        where spID.utf8.contains(UInt8(ascii: "*")) || cseID.utf8.contains(UInt8(ascii: "*")):
            return nil
        default: self.address = address
        }
    }

    init(_ address: ResourceAddress) { self.address = address }

    /// Whether this is `*`: everything, everywhere.
    public var isEverything: Bool { address.scope == .relative && address.path == ["*"] }

    /// The same in the absolute form; `*` stays.
    public func normalised(at home: CSEIdentity) -> ResourcePattern {
        isEverything ? self : ResourcePattern(address.normalised(at: home))
    }

    /// Whether everything that the other stands for is covered; both are seen from `home`.
    public func covers(_ other: ResourcePattern, at home: CSEIdentity) -> Bool {
        if isEverything { return true }
        if other.isEverything { return false }
        let mine = address.normalised(at: home)
        let theirs = other.address.normalised(at: home)
        guard mine.scope == theirs.scope else { return false }
        let isSubtree = mine.path.last == "*"
        let fixed = isSubtree ? mine.path.dropLast() : mine.path[...]
        guard isSubtree ? theirs.path.count > fixed.count : theirs.path.count == fixed.count else { return false }
        return zip(fixed, theirs.path).enumerated().allSatisfy { index, parts in
            // A last `*` of the other stands for more than one part: here it would be under a fixed one.
            if parts.1 == "*", index == theirs.path.count - 1 { return false }
            return parts.0 == parts.1
                || (!parts.1.utf8.contains(UInt8(ascii: "*")) && Pattern.matches(parts.0, parts.1))
        }
    }

    /// Whether a resource is covered.
    public func covers(_ resource: ResourceAddress, at home: CSEIdentity) -> Bool {
        covers(ResourcePattern(resource), at: home)
    }
}

extension ResourcePattern: CustomStringConvertible {
    /// The text.
    public var description: String { "\(address)" }
}
