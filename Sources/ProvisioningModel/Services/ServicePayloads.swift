import XMPP

/// `canAccess`: may a user who shows this use the service? (XEP-0324 3.6.2)
public struct ServiceQuestion: ProvisioningElement {
    /// The service's tokens.
    public var serviceTokens: [String]
    /// What the user shows.
    public var credentials: [UserCredential]

    /// A question.
    public init(serviceTokens: [String], credentials: [UserCredential]) {
        self.serviceTokens = serviceTokens
        self.credentials = credentials
    }

    /// Reads it, credentials in the schema's form and in that of the text's listings.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("canAccess")
        serviceTokens = try ProvisioningTokens.required(element, "serviceToken")
        credentials = []
        let children = element.children
        guard children.count <= ProvisioningLimits.credentials else {
            throw PayloadError(
                .tooMany,
                "\(children.count) credentials are shown, at most \(ProvisioningLimits.credentials) are taken")
        }
        for child in children {
            if let credential = try UserCredential(child) { credentials.append(credential) }
        }
    }

    /// `canAccess`, in the schema's form.
    public var element: XMLElement {
        .provisioning(
            "canAccess", ["serviceToken": serviceTokens.joined(separator: " ")], children: credentials.map(\.element))
    }
}

/// `canAccessResponse`.
public struct ServiceAnswer: ProvisioningElement {
    /// Whether the user may.
    public var isGranted: Bool
    /// For further questions about this user.
    public var userToken: String?

    /// An answer.
    public init(isGranted: Bool, userToken: String? = nil) {
        self.isGranted = isGranted
        self.userToken = userToken
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("canAccessResponse")
        _ = try element.required("result")
        isGranted = try element.flag("result")
        userToken = element["userToken"] == nil ? nil : try element.token("userToken")
    }

    /// `canAccessResponse`.
    public var element: XMLElement {
        .provisioning("canAccessResponse", ["result": "\(isGranted)", "userToken": userToken])
    }
}

/// `userLoggedIn`: a message to the server (XEP-0324 3.6.2). There is no answer.
public struct UserLogin: ProvisioningElement {
    /// The service's tokens.
    public var serviceTokens: [String]
    /// The user's, from `canAccessResponse`.
    public var userTokens: [String]
    /// The name given at the login.
    public var userName: String

    /// A login.
    public init(serviceTokens: [String], userTokens: [String], userName: String) {
        self.serviceTokens = serviceTokens
        self.userTokens = userTokens
        self.userName = userName
    }

    /// Reads it.
    public init(_ element: XMLElement) throws(PayloadError) {
        try element.demand("userLoggedIn")
        serviceTokens = try ProvisioningTokens.required(element, "serviceToken")
        userTokens = try ProvisioningTokens.required(element, "userToken")
        userName = try element.text("userName", atMost: ProvisioningLimits.credentialBytes)
    }

    /// `userLoggedIn`.
    public var element: XMLElement {
        .provisioning(
            "userLoggedIn",
            [
                "serviceToken": serviceTokens.joined(separator: " "), "userToken": userTokens.joined(separator: " "),
                "userName": userName,
            ])
    }
}
