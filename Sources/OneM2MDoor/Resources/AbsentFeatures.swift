import OneM2MPrimitives

/// What the standard has (TS-0001 9.6, releases 3 and 4) and this CSE has not, so that the page of resource types says it
/// rather than leaving it out.
enum AbsentFeatures {
    /// Types that are refused with 5001, or with 4005 where only an infrastructure node has them.
    static let types: [(title: String, number: Int, shortName: String?)] = [
        ("delivery", 6, nil), ("eventConfig", 7, nil), ("execInstance", 8, nil),
        ("locationPolicy", 10, "m2m:lcp"), ("m2mServiceSubscriptionProfile", 11, nil),
        ("mgmtCmd", 12, nil),
        ("mgmtObj", 13, "m2m:mgo"), ("schedule", 18, "m2m:sch"), ("serviceSubscribedAppRule", 19, nil),
        ("serviceSubscribedNode", 20, nil), ("statsCollect", 21, nil), ("statsConfig", 22, nil),
        ("semanticDescriptor", 24, "m2m:smd"), ("notificationTargetMgmtPolicyRef", 25, "m2m:ntpr"),
        ("notificationTargetPolicy", 26, "m2m:ntp"), ("policyDeletionRules", 27, "m2m:pdr"),
        ("timeSeries", 29, "m2m:ts"), ("timeSeriesInstance", 30, "m2m:tsi"), ("trafficPattern", 33, nil),
        ("authorizationDecision", 35, nil),
        ("authorizationPolicy", 36, nil), ("authorizationInformation", 37, nil),
        ("ontologyRepository", 38, nil), ("ontology", 39, nil),
        ("semanticMashupJobProfile", 40, nil), ("semanticMashupInstance", 41, nil),
        ("semanticMashupResult", 42, nil), ("AEContactList", 43, "m2m:alst"),
        ("AEContactListPerCSE", 44, "m2m:alpc"), ("localMulticastGroup", 45, nil),
        ("multimediaSession", 46, nil), ("triggerRequest", 47, "m2m:tgr"),
        ("crossResourceSubscription", 48, "m2m:crs"), ("backgroundDataTransfer", 49, nil),
        ("transactionMgmt", 50, nil), ("transaction", 51, nil),
        ("flexContainerInstance", 58, "m2m:fci"), ("timeSyncBeacon", 60, "m2m:tsb"),
        ("primitiveProfile", 62, "m2m:prp"), ("processManagement", 63, "m2m:prmr"), ("state", 64, "m2m:stte"),
        ("action", 65, "m2m:actr"), ("dependency", 66, "m2m:depr"),
    ]

    /// Attributes that are refused with 4000, by their short names.
    static func attributes(of type: ResourceType) -> [String] {
        switch type {
        case .accessControlPolicy: ["at", "aa", "ast", "adri", "apri", "airi"]
        case .ae:
            ["cr", "cstn", "ast", "loc", "esi", "mei", "regs", "trps", "scp", "tren", "ape"]
        case .container: ["cstn", "ast", "loc", "li", "disr", "subi"]
        case .contentInstance: ["at", "aa", "ast", "loc", "dcnt", "dgt"]
        case .cseBase: ["cstn", "loc", "esi", "spi", "ici", "ctm"]
        case .group: ["cstn", "at", "aa", "ast", "ssi", "nar"]
        case .node: ["cstn", "at", "aa", "ast"]
        case .pollingChannel: ["rqag"]
        case .remoteCSE:
            ["cr", "cstn", "at", "aa", "ast", "loc", "esi", "spi", "ici", "trn", "mtcc", "egid", "tren", "ape"]
        case .request: ["cstn", "daci"]
        case .subscription:
            ["cstn", "gpi", "nfu", "rl", "psn", "nsp", "acrs", "nse", "nsi", "eeno", "ma"]
        case .flexContainer: ["cstn", "ast", "loc", "mni", "mia", "mbs", "cni", "cbs", "fcied"]
        case .dynamicAuthorizationConsultation: ["cstn", "daci"]
        default: []
        }
    }
}
