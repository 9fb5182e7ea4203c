import Logging
import OCFCloud
import OneLoop
import ProvisioningServer
import XMPP

/// The provisioning server as the configuration wants it.
enum ConfiguredProvisioning {
    /// The server; nil when there is to be none.
    ///
    /// - Throws: `ProvisioningError` or `FileError`.
    static func service(
        _ section: ProvisioningSection, state: String, log: Logger
    ) async throws -> ProvisioningService? {
        guard section.isConfigured, let jid = section.component ?? section.account, let secret = section.secretFile
        else { return nil }
        let address = ServerAddress(
            jid: jid, isComponent: section.component != nil, server: section.server,
            security: ServerTarget.Security(rawValue: section.security) ?? .startTLS, secretFile: secret,
            trust: section.trust)
        var settings = ServerSettings()
        settings.name = section.name
        settings.version = GatehouseCloudCommand.configuration.version
        settings.admission = ServerSettings.Admission(rawValue: section.admit) ?? .ask
        settings.padding = TokenCertificate.Padding(rawValue: section.padding) ?? .oaep
        settings.proofLife = section.proofLife
        settings.sessionLife = section.sessionLife
        return try await ProvisioningService(at: address, settings: settings, state: state, log: log)
    }
}
