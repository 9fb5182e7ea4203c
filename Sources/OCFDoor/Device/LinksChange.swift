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

/// The changes of links that wait to be told: one a link, the last, in the order of the changes.
struct PendingLinks {
    private var links: [String: (order: Int, link: Link, isGone: Bool)] = [:]
    private var count = 0

    var isEmpty: Bool { links.isEmpty }

    /// Links that came, or are others now.
    mutating func publish(_ new: [Link]) {
        for link in new { set(link, isGone: false) }
    }

    /// Links that went. One of them that nobody was told of yet is told of all the same: a directory that does not have it
    /// refuses, which does no harm, and one that has it from before a restart forgets it.
    mutating func unpublish(_ gone: [Link]) {
        for link in gone { set(link, isGone: true) }
    }

    /// Everything that waits, which then waits no more.
    mutating func take() -> LinksChange {
        var change = LinksChange()
        for entry in links.values.sorted(by: { $0.order < $1.order }) {
            if entry.isGone { change.unpublished.append(entry.link) } else { change.published.append(entry.link) }
        }
        links = [:]
        return change
    }

    private mutating func set(_ link: Link, isGone: Bool) {
        count += 1
        links[link.href] = (count, link, isGone)
    }
}
