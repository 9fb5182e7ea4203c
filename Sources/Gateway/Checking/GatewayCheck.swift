import BoardCheck
import TLS

/// Whether everything that a configuration wants is there: `gatehouse check`. Asks no daemon, and changes nothing.
public enum GatewayCheck {
    /// Looks at configuration, board, pins, radio, clock, store and certificates.
    ///
    /// - Throws: ``ConfigurationError`` when the configuration is wrong; nothing else can be judged then.
    public static func findings(
        file: String, machine: Machine = Machine()
    ) throws(ConfigurationError) -> [Finding] {
        let configuration = try Configuration.load(file: file)
        var findings = [Finding("configuration", .ok, file), board(configuration, file: file, machine)]
        if configuration.board.simulated {
            findings.append(Finding("gpio", .unused, "the board is simulated: pins, button and lamp are in memory"))
        } else {
            findings += HardwareCheck(machine, wish(configuration)).findings()
        }
        findings += SystemCheck(
            machine, state: configuration.gateway.state, now: ValidityClock.system.now(), floor: TimeFloor.made
        ).findings()
        return findings + certificates(configuration)
    }

    private static func wish(_ configuration: Configuration) -> HardwareWish {
        HardwareWish(
            chips: configuration.board.chips, button: configuration.board.buttonLine,
            lamp: configuration.board.ledDrive,
            lines: configuration.lines.map { .init(name: $0.name, line: $0.line, chip: $0.chip) },
            radio: !["none", "capture"].contains(configuration.ble.source))
    }

    // MARK: The board

    private static func board(_ configuration: Configuration, file: String, _ machine: Machine) -> Finding {
        let identity = BoardIdentity(machine)
        let profile = configuration.board.profile
        guard !identity.model.isEmpty else {
            return Finding("board", .ok, "no device tree names this machine; board.profile is \"\(profile)\"")
        }
        guard let fitting = identity.choose(among: profiles(file: file)) else {
            return Finding(
                "board", .warning, "\(identity.model); no board file is for it, board.profile is \"\(profile)\"",
                advice: "name chip, button and lamp in the configuration, or copy a file of board/")
        }
        // A profile may be given as a path.
        guard profile == fitting.file || profile.hasSuffix("/\(fitting.file).toml") else {
            return Finding(
                "board", .warning, "\(identity.model); board.profile is \"\(profile)\", \"\(fitting.file)\" fits",
                advice: "board.profile = \"\(fitting.file)\"")
        }
        return Finding("board", .ok, "\(identity.model), by \(fitting.file).toml (\(fitting.name))")
    }

    /// What the files of `board.directory` say of themselves.
    private static func profiles(file: String) -> [BoardProfile] {
        guard let text = try? TextFile.read(file, maximum: 1_048_576) else { return [] }
        let directory = ConfigurationDocument(text: text, file: file).text("board.directory")
        let folder = directory.hasPrefix("/") ? directory : FilePathText.join(FilePathText.folder(of: file), directory)
        return Machine().files(folder, ending: ".toml").compactMap { name in
            let path = FilePathText.join(folder, name)
            guard let text = try? TextFile.read(path, maximum: 65_536) else { return nil }
            let document = ConfigurationDocument(text: text, file: path, only: ConfigurationSchema.boardTables)
            return BoardProfile(
                file: String(name.dropLast(".toml".utf8.count)), name: document.text("board.name"),
                compatible: document.value("board.compatible")?.listValue ?? [])
        }
    }

    // MARK: Certificates

    /// So long before its end a certificate is worth a word: a person has a month to have another one issued.
    private static let warningTime: Int64 = 30 * 86_400

    private static func certificates(_ configuration: Configuration) -> [Finding] {
        let files = [
            ("ocf.certificate", configuration.ocf.certificate),
            ("ocf.manufacturer_certificate", configuration.ocf.manufacturerCertificate),
            ("cloud.trust", configuration.cloud.trust),
        ]
        return files.filter { !$0.1.isEmpty }.map { name, path in certificate(name, path) }
    }

    private static func certificate(_ name: String, _ path: String) -> Finding {
        do {
            let certificates = try TrustAnchors(file: path).certificates
            let now = ValidityClock.system.now()
            guard let first = certificates.map(\.notAfter).min() else {
                return Finding(name, .missing, "\(path) holds no certificate", advice: "give a PEM file")
            }
            let days = (first - now) / 86_400
            guard first > now else {
                return Finding(name, .missing, "\(path) has expired", advice: "have another one issued")
            }
            guard first - now > warningTime else {
                return Finding(name, .warning, "\(path) ends in \(days) days", advice: "have another one issued")
            }
            return Finding(name, .ok, "\(path), for \(days) days more")
        } catch {
            return Finding(name, .missing, error.reason, advice: "give a PEM file that the gateway's user may read")
        }
    }
}
