import ArgumentParser
import Foundation
import Glibc
import OCFCloud
import PrivateFiles

/// Where the server's state and configuration are.
struct StateOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The state directory.",
            discussion: """
                By default $STATE_DIRECTORY, which systemd sets; else /var/lib/gatehouse-cloud for root, \
                ~/.local/state/gatehouse-cloud for others.
                """, valueName: "dir"))
    var state: String?

    @Option(
        help: ArgumentHelp(
            "The configuration file.", discussion: "By default \(Self.standardFile), when it is there.",
            valueName: "file"))
    var config: String?

    private static let standardFile = "/etc/gatehouse/cloud.toml"

    var directory: String {
        if let state { return state }
        let environment = ProcessInfo.processInfo.environment
        // systemd may name several, parted by colons.
        if let named = environment["STATE_DIRECTORY"]?.split(separator: ":").first { return String(named) }
        if getuid() == 0 { return "/var/lib/gatehouse-cloud" }
        let home = environment["XDG_STATE_HOME"] ?? NSHomeDirectory() + "/.local/state"
        return home + "/gatehouse-cloud"
    }

    /// The configuration: the file given, the standard one, or the defaults.
    func configuration() throws -> ServerConfiguration {
        if let config { return try ConfigurationFile.read(PrivateFile.read(config), file: config) }
        // One that is there and cannot be read is an error: the defaults are not what its writer meant.
        guard access(Self.standardFile, F_OK) == 0 else { return ServerConfiguration() }
        return try ConfigurationFile.read(PrivateFile.read(Self.standardFile), file: Self.standardFile)
    }

    /// The database, made when it is not there yet.
    func database() throws -> CloudDatabase {
        // Whatever is made on the way is its owner's alone.
        umask(0o077)
        try PrivateFile.makeDirectory(directory)
        return try CloudDatabase(directory: directory)
    }

    var certificates: CertificateStore { CertificateStore(state: directory) }

    /// Where devices and clients reach the cloud: as configured, else where it last listened, else a guess.
    func cloudURI() throws -> CloudURI {
        let configuration = try configuration()
        if let uri = configuration.publicURI { return try CloudURI(uri) }
        if let text = try? PrivateFile.read(uriFile) { return try CloudURI(text.filter { !$0.isNewline }) }
        return CloudURI(host: ProcessInfo.processInfo.hostName, port: configuration.port)
    }

    /// Holds the URI of the server that serves from this state, or last did.
    var uriFile: String { directory + "/uri" }

    /// The cloud's id.
    func cloudID() throws -> String {
        if let path = try configuration().certificate {
            return try CertificateAuthority.inspect(certificate: PrivateFile.read(path)).id.description
        }
        return try certificates.cloudID().description
    }
}
