import OCFModel

/// What the cloud's directory has to be told: the links that came or are others now, and those that went.
public struct LinksChange: Sendable, Hashable {
    /// To be published.
    public var published: [Link] = []
    /// To be unpublished.
    public var unpublished: [Link] = []

    /// Whether there is nothing to tell.
    public var isEmpty: Bool { published.isEmpty && unpublished.isEmpty }
}
