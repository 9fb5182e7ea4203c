import Concentrator
import FlashStore
import JSONText
import Logging
import OneLoop
import OneM2MPrimitives

/// A common services entity (TS-0001 6.2): the gateway's nodes and what applications keep here, as a tree of resources.
@Loop
public final class CSE {
    /// What the configuration says.
    public let settings: CSESettings
    /// Who it is.
    public var identity: CSEIdentity { settings.identity }
    /// The way to other entities; nil for none.
    public var remote: (any RemoteEntities)?
    /// Who judges tokens; nil for nobody.
    public var tokens: (any TokenAuthorization)?
    /// Who issues tokens; nil for nobody.
    public var authority: (any TokenIssuing)?
    let log: Logger

    /// A CSE with nothing but its base.
    public init(settings: CSESettings, log: Logger) {
        self.settings = settings
        self.log = log
    }

    /// Does what a request asks; whatever stands in the way is an answer.
    public func receive(_ request: RequestPrimitive, from origin: RequestOrigin) async -> ResponsePrimitive {
        ResponsePrimitive(OneM2MError(.notFound, "there is no resource \"\(request.to)\""), to: request)
    }
}
