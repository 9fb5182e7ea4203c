import XMPP

/// `canRead`: what may this one read? (XEP-0324 3.3)
public struct ReadQuestion: ProvisioningElement {
    /// Who wants to read; bare.
    public var jid: JID
    /// Readings of these kinds.
    public var types: ReadingTypes
    /// What came with the request.
    public var tokens: ProvisioningTokens
    /// These nodes; none for all that the device has.
    public var nodes: [ProvisioningNode]
    /// Fields of these names; none for all.
    public var fields: [String]

    /// A question.
    public init(
        jid: JID, types: ReadingTypes, tokens: ProvisioningTokens = ProvisioningTokens(),
        nodes: [ProvisioningNode] = [], fields: [String] = []
    ) {
        self.jid = jid.bare
        self.types = types
        self.tokens = tokens
        self.nodes = nodes
        self.fields = fields
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("canRead")
        jid = try element.address("jid")
        types = try ReadingTypes(element)
        tokens = try ProvisioningTokens(element)
        nodes = try ProvisioningNode.list(element)
        fields = try element.names("field")
    }

    /// `canRead`.
    public var element: XMLElement {
        var element = XMLElement.provisioning("canRead", ["jid": jid.description], children: nodes.map(\.element))
        types.set(on: &element)
        tokens.set(on: &element)
        element.append(fields, as: "field")
        return element
    }
}

/// `canReadResponse`: a whitelist. What is not on a list may not be read; a list that is not there restricts nothing.
public struct ReadAnswer: ProvisioningElement {
    /// About whom; bare.
    public var jid: JID
    /// Whether anything may be read.
    public var isGranted: Bool
    /// Readings of these kinds; none named restricts none. The text shows the question's kinds and says nothing of others.
    public var types: ReadingTypes
    /// Only of these nodes; none for all that were asked for.
    public var nodes: [ProvisioningNode]
    /// Only these fields; none for all that were asked for.
    public var fields: [String]

    /// A yes, for what is listed. Nothing allowed is ``denied(_:)``: an empty list would allow everything.
    public init(
        to question: ReadQuestion, nodes: [ProvisioningNode] = [], fields: [String] = [], types: ReadingTypes? = nil
    ) {
        jid = question.jid
        isGranted = true
        self.types = types ?? question.types
        self.nodes = nodes
        self.fields = fields
    }

    private init(denied question: ReadQuestion) {
        jid = question.jid
        isGranted = false
        types = question.types
        nodes = []
        fields = []
    }

    /// A no.
    public static func denied(_ question: ReadQuestion) -> ReadAnswer { ReadAnswer(denied: question) }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("canReadResponse")
        jid = try element.address("jid")
        _ = try element.required("result")
        isGranted = try element.flag("result")
        types = try ReadingTypes(element)
        nodes = try ProvisioningNode.list(element)
        fields = try element.names("field")
    }

    /// `canReadResponse`.
    public var element: XMLElement {
        var element = XMLElement.provisioning(
            "canReadResponse", ["jid": jid.description, "result": "\(isGranted)"], children: nodes.map(\.element))
        types.set(on: &element)
        element.append(fields, as: "field")
        return element
    }
}
