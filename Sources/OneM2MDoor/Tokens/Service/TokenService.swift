import FlashStore
import JOSE
import JSONText
import Logging
import OneLoop
import OneM2MPrimitives
import TLS

/// Everything about tokens at one CSE: it judges those of requests, and issues, where the configuration says so, through
/// `<accessTokenAuthority>`. What it decides is decided by values (``TokenVerifier``, ``TokenAuthority``); here is what is
/// remembered, fetched and written.
@Loop
public final class TokenService: TokenAuthorization, TokenIssuing {
    /// What the configuration says.
    public let settings: TokenSettings
    let home: CSEIdentity
    unowned let cse: CSE
    let memory: TokenMemory
    let log: Logger
    let clock: @Loop () -> OneM2MTime

    var verifier: TokenVerifier
    var verified = VerifiedTokens()
    var register = RevocationRegister()
    var revocations: TokenMemory.Revocations
    var ring: SigningKeyRing?
    var hostKey: JSONWebKey?
    /// The `<accessTokenAuthority>` that the issuance process is bound to.
    var authorityID: String?
    /// What UPDATE has said of it; nil for what the configuration says.
    var updatedCeiling: IssuingPrivileges?
    var updatedPolicies: [TokenPolicy]?
    /// The signed revocation list and the keys that are published.
    var signedList: (list: RevocationList, text: String, keys: JSON)?
    /// Resources of the standard by what they are asked for: `<token>` and `<accessToken>` by token id, `<role>` by role.
    var tokenResources: [QualifiedName: String] = [:]
    var roleResources: [QualifiedName: Set<String>] = [:]
    var fetching = 0
    var issuing = 0
    /// Whether a change of ``revocations`` is on its way to flash, and the changes that wait for it.
    var isKeepingRevocations = false
    var revocationTurns: [CheckedContinuation<Void, Never>] = []
    /// Issuers whose list could not be had at the last attempt, so that it is told once.
    var unreachable: [EntityID: String] = [:]
    private var timers: [LoopTimer] = []
    private var isStopped = false
    /// What has happened since the start.
    public internal(set) var counters = TokenCounters()

    /// A service of one CSE; nothing is issued or fetched before ``start()``.
    ///
    /// - Throws: ``OneM2MError`` 5000 when the keys or the revocations on flash cannot be read.
    public init(
        settings: TokenSettings, cse: CSE, store: FlashStore?, log: Logger, clock: @escaping @Loop () -> OneM2MTime
    ) throws(OneM2MError) {
        self.settings = settings
        self.cse = cse
        home = cse.identity
        memory = TokenMemory(store: store)
        self.log = log
        self.clock = clock
        revocations = try memory.revocations()
        verifier = TokenVerifier(home: home, issuers: settings.issuers)
        ring = try memory.ring()
        hostKey = try memory.host()
        for (id, end) in revocations.here { register.revoke(id, until: end) }
        for (id, end) in revocations.issued { register.revoke(id, until: end) }
        for issuer in settings.issuers {
            let kept: (text: String, anchors: [String])
            do throws(OneM2MError) {
                guard let found = try memory.list(of: issuer.entity) else { continue }
                kept = found
            } catch {
                register.lose(listOf: issuer.entity)
                unreachable[issuer.entity] = error.reason
                log.error("tokens of \(issuer.entity) count again when its list has come: \(error.reason)")
                continue
            }
            // It was verified before it was kept, perhaps by a key that has followed the configured ones long since. Under
            // other keys than those of that time it has to stand by them.
            if !issuer.anchors.isEmpty, kept.anchors == issuer.anchors {
                learn(RevocationList.keys(in: kept.text), of: issuer.entity)
            }
            _ = adopt(list: kept.text, of: issuer.entity)
        }
    }

    /// The domain of the ids of tokens issued here.
    var domain: String { settings.domain ?? TokenSettings.domain(of: home.entity) }

    /// The authority as it is now.
    var authority: TokenAuthority {
        var authority = TokenAuthority(
            home: home, domain: domain, ceiling: updatedCeiling ?? settings.ceiling,
            policies: updatedPolicies ?? settings.policies)
        authority.protection = settings.protection
        authority.recipients = settings.recipients
        return authority
    }

    /// Makes the keys at the first start, shows the authority, then takes requests' tokens, and begins to fetch revocation
    /// lists. Until all of it is there, keys, revocations and what UPDATE has said of the authority, no token is judged.
    ///
    /// - Throws: ``OneM2MError`` when keys cannot be made or kept, or the authority cannot be made; no token counts then.
    public func start() async throws(OneM2MError) {
        if hostKey == nil {
            let key = try Self.newHostKey()
            try await memory.keep(host: key)
            hostKey = key
        }
        if settings.issues {
            if ring == nil {
                let made: SigningKeyRing
                do { made = try SigningKeyRing(now: clock()) } catch {
                    throw OneM2MError(.internalServerError, error.reason)
                }
                try await memory.keep(made)
                ring = made
            }
        }
        refreshVerifier()
        if settings.issues {
            try await makeAuthority()
            try await publish()
        }
        guard !isStopped else { return }
        for type in [ResourceType.token, .accessToken, .role] {
            for view in cse.resources(type) { index(.create, view) }
        }
        cse.tokens = self
        cse.authority = self
        every(.seconds(60), after: .seconds(60)) { service in await service.maintain() }
        if settings.issuers.contains(where: { !$0.authority.isEmpty }) {
            every(.seconds(settings.refresh), after: .seconds(2)) { service in await service.fetchLists() }
        }
    }

    /// Ends what runs by itself.
    public func stop() {
        isStopped = true
        for timer in timers { timer.cancel() }
        timers = []
    }

    private func every(
        _ interval: Duration, after delay: Duration, _ body: @escaping @Loop (TokenService) async -> Void
    ) {
        let timer = Loop.after(delay) { [weak self] in
            Task { @Loop [weak self] in
                guard let self, !self.isStopped else { return }
                await body(self)
                guard !self.isStopped else { return }
                self.every(interval, after: interval, body)
            }
        }
        timers = Array(timers.suffix(1)) + [timer]
    }

    private static func newHostKey() throws(OneM2MError) -> JSONWebKey {
        do {
            var key = JSONWebKey(
                .ellipticPrivate(try .generate()), algorithm: KeyManagement.agreementA256KW.rawValue, use: .encryption)
            key.id = key.thumbprint
            return key
        } catch { throw OneM2MError(.internalServerError, error.reason) }
    }

    /// The issuers with what is known of them now: the authority here is one of them.
    func refreshVerifier() {
        var issuers = Array(verifier.issuers.values).filter { $0.entity != home.entity }
        if settings.issues, let ring {
            var own = TrustedIssuer(entity: home.entity, keys: ring.verifiers, ceiling: authority.ceiling)
            own.protections = [.signed, .nested]
            issuers.append(own)
        }
        let hostKeys = hostKey.flatMap { try? DecryptionKey($0, algorithm: .agreementA256KW) }
        verifier = TokenVerifier(home: home, issuers: issuers, hostKeys: hostKeys.map { [$0] } ?? [])
    }

    /// What has to be done from time to time: new keys, a fresh signature under the list, old entries away.
    func maintain() async {
        let now = clock()
        register.prune(now: now)
        verified.removeAll { $0.notAfter.seconds < now.seconds }
        guard settings.issues, var ring else { return }
        do throws(OneM2MError) {
            var isChanged = ring.prune(now: now, longestLifetime: authority.ceiling.longestLifetime)
            if ring.isDue(now: now, after: settings.rotation) {
                do { _ = try ring.rotate(now: now, overlap: settings.overlap) } catch {
                    throw OneM2MError(.internalServerError, error.reason)
                }
                isChanged = true
            }
            if isChanged { try await take(ring) }
            if isChanged || revocations.issued.contains(where: { $0.value.seconds < now.seconds }) {
                try await setRevoked { issued in
                    issued = issued.filter { $0.value.seconds >= now.seconds }
                }
            }
            // Another number: what was revoked is on flash, and could not be shown at the time.
            if let signed = signedList,
                signed.list.number != revocations.number
                    || now.seconds >= signed.list.thisUpdate.seconds + settings.listLifetime / 2
            {
                try await publish()
            }
        } catch { log.error("tokens: \(error)") }
    }

    /// A changed ring counts once flash has it.
    func take(_ changed: SigningKeyRing) async throws(OneM2MError) {
        try await memory.keep(changed)
        ring = changed
        refreshVerifier()
    }

    /// What is kept in the store about tokens, for a factory reset.
    public static func forget(_ store: FlashStore) async throws(StoreError) {
        try await store.removeAll(prefix: TokenMemory.prefix, .now)
    }
}

/// What the handling of tokens has done since the start.
public struct TokenCounters: Sendable, Hashable {
    /// Tokens accepted with a request.
    public var accepted: UInt64 = 0
    /// Requests refused for one of their tokens.
    public var rejected: UInt64 = 0
    /// Tokens issued.
    public var issued: UInt64 = 0
    /// Consultations of authorization servers.
    public var consultations: UInt64 = 0
}
