import CBOR
import OCFModel

/// Which links the cloud's directory has, and what is to be sent so that it has those it should.
///
/// After each sign-in all links are published: a directory may have lost some. Later only what came or changed is, and
/// what went is unpublished by the number the cloud gave for it, which need not be ours.
struct LinkPublication: Sendable {
    /// A request to make.
    enum Step: Sendable, Hashable {
        /// Publish these.
        case publish([Link])
        /// Unpublish the links with these numbers, which had these hrefs.
        case unpublish([Int], hrefs: [String])
    }

    /// A link the cloud has.
    struct Entry: Sendable, Hashable {
        /// The number the cloud gave it.
        var instance: Int?
        /// The link as it was published.
        var fingerprint: UInt64
    }

    /// Links in one request: about 30 KB, which plgd hub takes in 40 ms, and a message of 256 KB at the very most.
    static let linksPerRequest = 200
    /// Numbers in one request: their options take about 1 KB.
    static let instancesPerRequest = 64

    /// What the cloud has, as far as we know, by href.
    private(set) var published: [String: Entry]
    /// What it has said to have on this connection.
    private var confirmed: Set<String> = []

    /// A publication that goes on from what an earlier connection left.
    init(published: [String: Entry] = [:]) {
        self.published = published
    }

    /// A new connection: everything is to be published again.
    mutating func begin() {
        confirmed = []
    }

    /// What to send so that the cloud has these links and no others; empty when it has.
    func steps(for links: [Link]) -> [Step] {
        var missing: [Link] = []
        var wanted: Set<String> = []
        for link in links {
            wanted.insert(link.href)
            if confirmed.contains(link.href), published[link.href]?.fingerprint == Self.fingerprint(of: link) {
                continue
            }
            missing.append(link)
        }
        let gone = published.filter { !wanted.contains($0.key) }.sorted { $0.key < $1.key }
        let publishing = stride(from: 0, to: missing.count, by: Self.linksPerRequest).map {
            Step.publish(Array(missing[$0..<min($0 + Self.linksPerRequest, missing.count)]))
        }
        let unpublishing = stride(from: 0, to: gone.count, by: Self.instancesPerRequest).map { start in
            let some = gone[start..<min(start + Self.instancesPerRequest, gone.count)]
            return Step.unpublish(some.compactMap(\.value.instance), hrefs: some.map(\.key))
        }
        return publishing + unpublishing
    }

    /// The cloud has taken links; `answer` is the body of its response, which gives each its `ins`.
    mutating func hasPublished(_ links: [Link], _ answer: CBOR.Value?, deviceID: Identifier) {
        var instances: [String: Int] = [:]
        for item in answer?["links"]?.items ?? [] {
            guard let href = item["href"]?.string, let instance = item["ins"]?.int else { continue }
            // A cloud may answer with the href as its own directory shows it.
            let prefix = "/\(deviceID)"
            instances[href.hasPrefix(prefix + "/") ? String(href.dropFirst(prefix.count)) : href] = instance
        }
        for link in links {
            confirmed.insert(link.href)
            published[link.href] = Entry(
                instance: instances[link.href] ?? link.instance, fingerprint: Self.fingerprint(of: link))
        }
    }

    /// The cloud has removed links, or says that they are not there.
    mutating func hasUnpublished(_ hrefs: [String]) {
        for href in hrefs {
            published[href] = nil
            confirmed.remove(href)
        }
    }

    /// FNV-1a over the link's encoding: the same in every run, and collisions only cost a missed title change.
    static func fingerprint(of link: Link) -> UInt64 {
        hash(CBOR.encode(link.value))
    }

    static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
        bytes.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01B3 }
    }
}

extension LinkPublication {
    /// The number of records that the links are spread over in the store: with 50,000 links each has 400, which fit its
    /// 32 KB; with a few dozen each change writes a hundred bytes.
    static let buckets = 128

    /// The record that a link belongs to.
    static func bucket(of href: String) -> Int {
        Int(hash(href.utf8) % UInt64(buckets))
    }

    /// The stored form of the records that hold these hrefs, `{href: [ins, fingerprint]}` each; empty for a record
    /// without links.
    func records(holding hrefs: some Sequence<String>) -> [Int: [UInt8]] {
        var entries: [Int: [CBOR.Map.Element]] = [:]
        for href in hrefs { entries[Self.bucket(of: href)] = [] }
        for (href, entry) in published {
            let value: CBOR.Value = [entry.instance.map { .int($0) } ?? .null, .unsigned(entry.fingerprint)]
            entries[Self.bucket(of: href)]?.append((.text(href), value))
        }
        return entries.mapValues { $0.isEmpty ? [] : CBOR.encode(.map(CBOR.Map($0))) }
    }

    /// Goes on from stored records; what cannot be read is left out, and its links are then published anew.
    init(records: some Sequence<[UInt8]>) {
        var published: [String: Entry] = [:]
        for bytes in records {
            guard let map = try? CBOR.decode(bytes).entries else { continue }
            for (key, value) in map {
                guard let href = key.string, case .unsigned(let fingerprint)? = value[1] else { continue }
                published[href] = Entry(instance: value[0]?.int, fingerprint: fingerprint)
            }
        }
        self.init(published: published)
    }
}
