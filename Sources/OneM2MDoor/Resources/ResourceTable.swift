import OneM2MPrimitives

/// The types of resources that this CSE knows, as data (TS-0001 9.6, TS-0004 7.4).
public enum ResourceTable {
    private typealias A = AttributeDefinition
    private static let whole = 0...Int.max
    private static let usual: Set<ResourceDefinition.Common> = [
        .expiration, .labels, .policies, .consultations, .creator, .announcement,
    ]
    private static let plain: Set<ResourceDefinition.Common> = [
        .expiration, .labels, .policies, .consultations, .creator,
    ]

    /// The definition of a type; nil for one that this CSE does not have.
    public static func definition(_ type: ResourceType) -> ResourceDefinition? { byType[type] }

    /// All of them, in the order of their numbers.
    public static let all: [ResourceDefinition] = (originals + announced).sorted { $0.type.rawValue < $1.type.rawValue }

    private static let byType = Dictionary(uniqueKeysWithValues: all.map { ($0.type, $0) })

    /// Types that exist at an infrastructure node's CSE alone: 4005 here rather than 5001.
    static let infrastructureOnly: Set<Int> = [19, 20, 21, 22, 47, 48]

    private static let originals: [ResourceDefinition] = [
        ResourceDefinition(
            .accessControlPolicy, "accessControlPolicy", "9.6.2",
            common: [.expiration, .labels, .creator],
            children: [.subscription],
            [
                A("pv", .privileges, .mandatory, .optional, .mandatory),
                A("pvs", .privileges, .mandatory, .optional, .mandatory),
            ]),
        ResourceDefinition(
            .ae, "AE", "9.6.5", common: [.expiration, .labels, .policies, .consultations, .announcement],
            children: [
                .accessControlPolicy, .container, .flexContainer, .group, .subscription, .pollingChannel,
                .dynamicAuthorizationConsultation,
            ],
            [
                A("api", .text, .mandatory, .notPresent, .optional),
                A("aei", .text, .notPresent, .notPresent, .optional),
                A("rr", .boolean, .mandatory, .optional, .optional), A("srv", .texts, .mandatory, .optional, .optional),
                A("apn", .text, .optional, .optional, .optional), A("poa", .texts, .optional, .optional, .optional),
                A("or", .text, .optional, .optional, .optional), A("nl", .text, .optional, .optional, .optional),
                A("csz", .texts, .optional, .optional, .optional),
            ]),
        ResourceDefinition(
            .container, "container", "9.6.6", common: usual.union([.stateTag]),
            children: [.container, .contentInstance, .flexContainer, .subscription], virtual: ["la", "ol"],
            [
                A("mni", .integer(whole), .optional, .optional, .optional),
                A("mbs", .integer(whole), .optional, .optional, .optional),
                A("mia", .integer(whole), .optional, .optional, .optional),
                A("cni", .integer(whole), .notPresent, .notPresent),
                A("cbs", .integer(whole), .notPresent, .notPresent),
                A("or", .text, .optional, .optional, .optional),
            ]),
        ResourceDefinition(
            .contentInstance, "contentInstance", "9.6.7", operations: [.create, .retrieve, .delete, .discovery],
            common: [.expiration, .labels, .creator, .stateTag],
            [
                A("con", .any, .mandatory, .notPresent, .optional), A("cnf", .text, .optional, .notPresent, .optional),
                A("cs", .integer(whole), .notPresent, .notPresent, .optional),
                A("conr", .object, .optional, .notPresent, .optional),
                A("or", .text, .optional, .notPresent, .optional),
            ]),
        ResourceDefinition(
            .cseBase, "CSEBase", "9.6.3", operations: [.retrieve, .discovery],
            common: [.labels, .policies, .consultations],
            children: [
                .accessControlPolicy, .ae, .container, .flexContainer, .group, .node, .remoteCSE, .subscription, .role,
                .token, .dynamicAuthorizationConsultation, .accessTokenAuthority, ResourceType.cseBase.announced,
                ResourceType.ae.announced, ResourceType.container.announced, ResourceType.flexContainer.announced,
            ],
            [
                A("cst", .integer(1...3), .notPresent, .notPresent), A("csi", .text, .notPresent, .notPresent),
                A("srt", .integers, .notPresent, .notPresent),
                A("srv", .texts, .notPresent, .notPresent, .mandatory),
                A("poa", .texts, .notPresent, .notPresent), A("csz", .texts, .notPresent, .notPresent),
                A("nl", .text, .notPresent, .notPresent), A("rr", .boolean, .notPresent, .notPresent),
            ]),
        ResourceDefinition(
            .group, "group", "9.6.13", common: plain, children: [.subscription], virtual: ["fopt"],
            [
                A("mt", .integer(whole), .optional, .notPresent, .optional),
                A("spty", .text, .optional, .notPresent, .optional),
                A("cnm", .integer(whole), .notPresent, .notPresent, .optional),
                A("mnm", .integer(1...100_000), .mandatory, .optional, .optional),
                A("mid", .texts, .mandatory, .optional, .optional), A("macp", .texts, .optional, .optional, .optional),
                A("mtv", .boolean, .notPresent, .notPresent, .optional),
                A("csy", .integer(1...3), .optional, .notPresent, .optional),
                A("gn", .text, .optional, .optional, .optional),
            ]),
        ResourceDefinition(
            .node, "node", "9.6.18", common: plain, children: [.subscription],
            [
                A("ni", .text, .mandatory, .optional, .optional), A("hcl", .text, .optional, .optional, .optional),
                A("hael", .texts, .optional, .optional, .optional), A("hsl", .texts, .optional, .optional, .optional),
                A("mgca", .text, .optional, .optional, .optional), A("rms", .text, .optional, .optional, .optional),
                A("nid", .text, .optional, .optional, .optional),
                A("nty", .integer(whole), .optional, .optional, .optional),
            ]),
        ResourceDefinition(
            .pollingChannel, "pollingChannel", "9.6.21", common: [.expiration, .labels], virtual: ["pcu"], []),
        ResourceDefinition(
            .remoteCSE, "remoteCSE", "9.6.4", common: [.expiration, .labels, .policies, .consultations],
            children: [
                .accessControlPolicy, .container, .flexContainer, .group, .subscription, .pollingChannel,
                ResourceType.ae.announced, ResourceType.container.announced, ResourceType.flexContainer.announced,
            ],
            [
                A("cb", .text, .mandatory, .notPresent, .optional), A("csi", .text, .optional, .notPresent, .optional),
                A("cst", .integer(1...3), .optional, .notPresent, .optional),
                A("rr", .boolean, .mandatory, .optional, .optional), A("srv", .texts, .mandatory, .optional, .optional),
                A("poa", .texts, .optional, .optional, .optional), A("csz", .texts, .optional, .optional, .optional),
                A("dcse", .texts, .optional, .optional, .optional), A("nl", .text, .optional, .optional, .optional),
                A("tri", .text, .optional, .optional), A("mei", .text, .optional, .optional),
            ]),
        ResourceDefinition(
            .request, "request", "9.6.12", operations: [.retrieve, .delete, .discovery],
            common: [.expiration, .labels, .policies, .stateTag],
            [
                A("op", .integer(1...5), .notPresent, .notPresent), A("tg", .text, .notPresent, .notPresent),
                A("org", .text, .notPresent, .notPresent), A("rid", .text, .notPresent, .notPresent),
                A("mi", .object, .notPresent, .notPresent), A("pc", .any, .notPresent, .notPresent),
                A("rs", .integer(1...6), .notPresent, .notPresent), A("ors", .object, .notPresent, .notPresent),
            ]),
        ResourceDefinition(
            .subscription, "subscription", "9.6.8", common: plain,
            [
                A("enc", .object, .optional, .optional), A("exc", .integer(1...Int.max), .optional, .optional),
                A("nu", .texts, .mandatory, .optional), A("bn", .object, .optional, .optional),
                A("pn", .integer(1...2), .optional, .optional), A("ln", .boolean, .optional, .optional),
                A("nct", .integer(1...3), .optional, .optional), A("nec", .integer(0...Int.max), .optional, .optional),
                A("su", .text, .optional, .notPresent),
            ]),
        ResourceDefinition(
            .flexContainer, "flexContainer", "9.6.35", common: usual.union([.stateTag]),
            children: [.container, .flexContainer, .subscription],
            [
                A("cnd", .text, .mandatory, .notPresent, .mandatory), A("or", .text, .optional, .optional, .optional),
                A("nl", .text, .optional, .optional, .optional), A("cs", .integer(whole), .notPresent, .notPresent),
            ]),
        ResourceDefinition(
            .role, "role", "9.6.38", common: [.expiration, .labels, .policies, .consultations],
            children: [.subscription],
            [
                A("rlid", .text, .mandatory, .notPresent), A("tkis", .text, .mandatory, .notPresent),
                A("tkhd", .text, .mandatory, .notPresent), A("tknb", .time, .mandatory, .notPresent),
                A("tkna", .time, .mandatory, .notPresent), A("rlnm", .text, .optional, .notPresent),
                A("rltl", .texts, .optional, .optional),
            ]),
        ResourceDefinition(
            .token, "token", "9.6.39", common: [.expiration, .labels, .policies, .consultations],
            children: [.subscription],
            [
                A("tkid", .text, .mandatory, .notPresent), A("tkob", .text, .mandatory, .notPresent),
                A("vr", .text, .optional, .notPresent), A("tkis", .text, .optional, .notPresent),
                A("tkhd", .text, .optional, .notPresent), A("tknb", .time, .optional, .notPresent),
                A("tkna", .time, .optional, .notPresent), A("tknm", .text, .optional, .notPresent),
                A("tkau", .texts, .optional, .notPresent), A("tkps", .object, .optional, .notPresent),
                A("tkex", .text, .optional, .notPresent),
            ]),
        ResourceDefinition(
            .dynamicAuthorizationConsultation, "dynamicAuthorizationConsultation", "9.6.40",
            common: [.expiration, .labels, .policies], children: [.subscription],
            [
                A("dae", .boolean, .mandatory, .optional), A("dap", .texts, .mandatory, .optional),
                A("dal", .time, .optional, .optional),
            ]),
        ResourceDefinition(
            .accessTokenAuthority, "accessTokenAuthority", "TR-0019 8.2.3.1",
            common: [.expiration, .labels, .policies, .creator],
            children: [.subscription, .accessToken], virtual: ["atis"],
            // The report's authorizationPolicyIDs (`aupi`): which policies of the authority apply to what it issues. The
            // others are this program's; the last two are the authority's own to say.
            [
                A("aupi", .texts, .optional, .optional), A("atip", .object, .optional, .optional),
                A("atpl", .object, .optional, .optional), A("rvk", .texts, .optional, .optional),
                A("jwks", .object, .optional, .optional), A("rvl", .text, .optional, .optional),
            ]),
        ResourceDefinition(
            .accessToken, "accessToken", "TR-0019 8.2.3.3", operations: [.retrieve, .discovery],
            common: [.expiration, .labels],
            [
                A("tkis", .text, .mandatory, .notPresent), A("tkhd", .text, .mandatory, .notPresent),
                A("tkob", .text, .mandatory, .notPresent), A("tkid", .text, .optional, .notPresent),
                A("tkau", .texts, .optional, .notPresent),
            ]),
    ]

    /// The announced kinds of CSEBase, AE, container and flexible container: a link, and what the original announces.
    private static let announced: [ResourceDefinition] = originals.compactMap { original -> ResourceDefinition? in
        guard [.cseBase, .ae, .container, .flexContainer].contains(original.type) else { return nil }
        let own = original.attributes.filter { $0.announcement != .never }.map {
            // What an original need not have, its announcement need not have either.
            A(
                $0.name, $0.form, $0.announcement == .mandatory && $0.create == .mandatory ? .mandatory : .optional,
                .optional)
        }
        var children: Set<ResourceType> = [
            .subscription, ResourceType.container.announced, ResourceType.flexContainer.announced, .container,
            .flexContainer,
        ]
        if original.type == .cseBase { children.insert(ResourceType.ae.announced) }
        return ResourceDefinition(
            original.type.announced, "\(original.title)Annc", original.clause,
            common: [.expiration, .labels, .policies, .consultations], children: children,
            [A("lnk", .text, .mandatory, .notPresent), A("ast", .integer(1...2), .optional, .optional)] + own)
    }
}
