/// Who a CSE is: where its identifiers begin (TS-0001 7.2).
public struct CSEIdentity: Sendable, Hashable {
    /// The M2M service provider's name, without slashes: `sp.example.com`.
    public let spID: String
    /// The CSE-ID without its slash: `gw1`.
    public let cseID: String
    /// The name of the CSEBase, where structured addresses begin: `cse-gw1`.
    public let baseName: String

    /// An identity.
    public init(spID: String, cseID: String, baseName: String) {
        self.spID = spID
        self.cseID = cseID
        self.baseName = baseName
    }

    /// The CSE itself as an entity.
    public var entity: EntityID { EntityID(spID: spID, cseID: cseID, stem: nil) }
}

/// An AE or a CSE, the same whichever of its three forms a text had: `Cphone`, `/gw1/Cphone`, `//sp.example.com/gw1/Cphone`.
///
/// A single part behind a slash is read as a CSE-ID. AE-ID-Stems of the service provider's (`S…`) are taken as registered
/// at the CSE that reads them unless a CSE-ID stands in front, since nothing in the text tells them from a CSE-ID.
public struct EntityID: Sendable, Hashable {
    /// The service provider.
    public let spID: String
    /// The CSE, or the one where the AE is registered.
    public let cseID: String
    /// The AE-ID-Stem; nil for a CSE.
    public let stem: String?

    /// The longest text that is looked at: three parts of 80 bytes and their slashes.
    public static let longestText = 256

    /// The entity of these parts, unchecked.
    public init(spID: String, cseID: String, stem: String?) {
        self.spID = spID
        self.cseID = cseID
        self.stem = stem
    }

    /// The entity that a text names at this CSE; nil when it is no identifier.
    public init?(_ text: String, at home: CSEIdentity) {
        guard !text.isEmpty, text.utf8.count <= Self.longestText else { return nil }
        let isAbsolute = text.utf8.starts(with: "//".utf8)
        let isRelativeToSP = !isAbsolute && text.utf8.first == UInt8(ascii: "/")
        let parts = text.utf8.dropFirst(isAbsolute ? 2 : isRelativeToSP ? 1 : 0)
            .split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
            .map { String($0) ?? "" }
        guard parts.allSatisfy(Self.isWellFormed) else { return nil }
        switch (isAbsolute, isRelativeToSP, parts.count) {
        case (true, _, 2): self.init(spID: parts[0], cseID: parts[1], stem: nil)
        case (true, _, 3): self.init(spID: parts[0], cseID: parts[1], stem: parts[2])
        case (false, true, 1): self.init(spID: home.spID, cseID: parts[0], stem: nil)
        case (false, true, 2): self.init(spID: home.spID, cseID: parts[0], stem: parts[1])
        case (false, false, 1): self.init(spID: home.spID, cseID: home.cseID, stem: parts[0])
        default: return nil
        }
    }

    /// Letters, digits and what RFC 3986 §2.3 leaves unreserved: what a part of an address needs no escape for.
    static func isWellFormed(_ part: String) -> Bool {
        (1...80).contains(part.utf8.count)
            && part.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                    UInt8(ascii: "~"), UInt8(ascii: ":"), UInt8(ascii: "@"):
                    true
                default: false
                }
            }
    }

    /// Whether this is a CSE.
    public var isCSE: Bool { stem == nil }

    /// The CSE, or the one where the AE is registered.
    public var cse: EntityID { EntityID(spID: spID, cseID: cseID, stem: nil) }

    /// `//sp.example.com/gw1/Cphone`
    public var absolute: String { "//\(spID)/\(cseID)" + (stem.map { "/\($0)" } ?? "") }

    /// `/gw1/Cphone`; unique within the service provider.
    public var spRelative: String { "/\(cseID)" + (stem.map { "/\($0)" } ?? "") }

    /// The shortest form that is understood at this CSE: the stem for its own AEs, else relative to the service provider,
    /// else absolute.
    public func text(at home: CSEIdentity) -> String {
        if spID != home.spID { return absolute }
        if cseID == home.cseID, let stem { return stem }
        return spRelative
    }

    /// The form in which it is named to another CSE: relative to the service provider where that is the same, else absolute.
    public func text(for other: EntityID) -> String { spID == other.spID ? spRelative : absolute }
}

extension EntityID: CustomStringConvertible {
    /// The absolute form.
    public var description: String { absolute }
}
