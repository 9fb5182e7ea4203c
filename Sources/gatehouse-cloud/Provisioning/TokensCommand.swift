import ArgumentParser
import Foundation
import JSONText
import ProvisioningServer

/// `gatehouse-cloud provisioning tokens`
struct TokensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens", abstract: "The certificates for which tokens were given: list, revoke.",
        discussion: """
            A token stands for its certificate; rules name that: `rules add read certificate:SHA256`. The tokens themselves \
            are not kept, only their hashes.
            """, subcommands: [List.self, Revoke.self], defaultSubcommand: List.self)

    /// `gatehouse-cloud provisioning tokens list`
    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List the certificates.")

        @Flag(help: "Print JSON.") var json = false
        @OptionGroup var options: LedgerOptions

        func run() throws {
            let certificates = try options.read { try $0.certificates() }
            let now = Int64(Date().timeIntervalSince1970)
            if json {
                return Output.json(
                    .array(
                        certificates.map { certificate in
                            [
                                "certificate": .string(certificate.fingerprint),
                                "subject": .string(certificate.subject), "jid": .string(certificate.jid),
                                "tokens": .int(Int64(certificate.tokens)),
                                "valid": .bool(certificate.isValid(at: now)),
                                "revoked": .bool(certificate.isRevoked), "notBefore": .int(certificate.notBefore),
                                "notAfter": .int(certificate.notAfter), "createdAt": .int(certificate.createdAt),
                            ]
                        }))
            }
            Output.table(
                ["CERTIFICATE", "SUBJECT", "SHOWN BY", "STATE", "UNTIL", "TOKENS"],
                certificates.map {
                    [
                        $0.fingerprint, $0.subject, $0.jid,
                        $0.isRevoked ? "revoked" : $0.isValid(at: now) ? "valid" : "not valid now",
                        Output.time($0.notAfter), "\($0.tokens)",
                    ]
                }, empty: "nobody has asked for a token")
        }
    }

    /// `gatehouse-cloud provisioning tokens revoke`
    struct Revoke: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a certificate's tokens worthless, and give no more for it.",
            discussion: "Rules that name it stay and mean nothing. Devices forget what they were answered by them.")

        @Argument(help: "The certificate's SHA-256, or its first eight digits or more.") var certificate: String
        @OptionGroup var options: LedgerOptions

        func run() throws { try options.change { try $0.revoke(certificate) } }
    }
}
