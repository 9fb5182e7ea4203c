import XMPP

/// `canControl`: what may this one set? (XEP-0324 3.4)
public struct ControlQuestion: ProvisioningElement {
    /// Who wants to control; bare.
    public var jid: JID
    /// What came with the request.
    public var tokens: ProvisioningTokens
    /// These nodes; none for the one device, or all it has.
    public var nodes: [ProvisioningNode]
    /// These parameters; none for all.
    public var parameters: [String]

    /// A question.
    public init(
        jid: JID, tokens: ProvisioningTokens = ProvisioningTokens(), nodes: [ProvisioningNode] = [],
        parameters: [String] = []
    ) {
        self.jid = jid.bare
        self.tokens = tokens
        self.nodes = nodes
        self.parameters = parameters
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("canControl")
        jid = try element.address("jid")
        tokens = try ProvisioningTokens(element)
        nodes = try ProvisioningNode.list(element)
        parameters = try element.names("parameter")
    }

    /// `canControl`.
    public var element: XMLElement {
        var element = XMLElement.provisioning("canControl", ["jid": jid.description], children: nodes.map(\.element))
        tokens.set(on: &element)
        element.append(parameters, as: "parameter")
        return element
    }
}

/// `canControlResponse`: a whitelist, like ``ReadAnswer``. The device tells the one who asked what it was restricted to.
public struct ControlAnswer: ProvisioningElement {
    /// About whom; bare.
    public var jid: JID
    /// Whether anything may be set.
    public var isGranted: Bool
    /// Only on these nodes; none for all that were asked for.
    public var nodes: [ProvisioningNode]
    /// Only these parameters; none for all that were asked for.
    public var parameters: [String]

    /// A yes, for what is listed. Nothing allowed is ``denied(_:)``: an empty list would allow everything.
    public init(to question: ControlQuestion, nodes: [ProvisioningNode] = [], parameters: [String] = []) {
        jid = question.jid
        isGranted = true
        self.nodes = nodes
        self.parameters = parameters
    }

    private init(denied question: ControlQuestion) {
        jid = question.jid
        isGranted = false
        nodes = []
        parameters = []
    }

    /// A no.
    public static func denied(_ question: ControlQuestion) -> ControlAnswer { ControlAnswer(denied: question) }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("canControlResponse")
        jid = try element.address("jid")
        _ = try element.required("result")
        isGranted = try element.flag("result")
        nodes = try ProvisioningNode.list(element)
        parameters = try element.names("parameter")
    }

    /// `canControlResponse`.
    public var element: XMLElement {
        var element = XMLElement.provisioning(
            "canControlResponse", ["jid": jid.description, "result": "\(isGranted)"], children: nodes.map(\.element))
        element.append(parameters, as: "parameter")
        return element
    }
}
