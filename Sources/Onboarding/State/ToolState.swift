import Foundation
import Glibc
import JSONText
import OCFModel
import PrivateFiles
import TLS

/// Who the tool is.
public struct ToolIdentity: Sendable, Hashable {
    /// Its `di`, which owned devices know as `devowneruuid` and `rowneruuid`.
    public var id: Identifier
    /// `n` of its `/oic/d`.
    public var name: String
    /// The security domain that its devices join.
    public var domain: SecurityDomain.Update

    /// What every tool hosts: `rt` of its `/oic/d`.
    public static let deviceTypes = ["oic.wk.d"] + SecurityService.allCases.map(\.deviceType)
}

/// The tool's state: one directory, whose copy is a backup. Files are readable by the user alone, are written whole or not
/// at all, and hold a device each, so that a crash harms none but the one being written.
///
/// ```
/// tool.json              who the tool is, its security domain
/// devices/UUID.json      each device we own, with the key we share with it
/// roles/NAME.pem         role certificates given to the tool
/// ca/…                   the authority (``ToolAuthority``)
/// trust/…                roots of manufacturers, and of clouds
/// lock                   held while files that several commands write are written
/// ```
public struct ToolState: Sendable {
    /// The directory.
    public let path: String

    /// The state at `path`; nothing is read or made yet.
    public init(_ path: String) {
        self.path = path
    }

    /// Devices that are kept. A thousand records of half a kilobyte are read in a blink; a household has a hundred.
    static let mostDevices = 1000

    // MARK: The tool

    /// Who the tool is; made at the first call.
    public func tool() throws -> ToolIdentity {
        let file = "\(path)/tool.json"
        if access(file, F_OK) != 0 {
            try locked {
                guard access(file, F_OK) != 0 else { return }
                try write(
                    ToolIdentity(
                        id: .random(), name: "Gatehouse onboarding tool",
                        domain: SecurityDomain.Update(id: .random(), name: "Home", isPrivate: true)))
            }
        }
        let json = try read("tool.json")
        guard let id = json["id"]?.string.flatMap({ Identifier($0) }), let name = json["name"]?.string,
            let domain = json["domain"], let domainID = domain["uuid"]?.string.flatMap({ Identifier($0) }),
            let domainName = domain["name"]?.string, let isPrivate = domain["private"]?.bool
        else { throw OnboardingError(.storage, "\(file) is not what gatehouse-onboard wrote; take your backup") }
        return ToolIdentity(
            id: id, name: name, domain: SecurityDomain.Update(id: domainID, name: domainName, isPrivate: isPrivate))
    }

    /// Keeps who the tool is.
    public func write(_ tool: ToolIdentity) throws {
        try PrivateFile.makeDirectory(path)
        try write(
            [
                "version": 1, "id": .string(tool.id.description), "name": .string(tool.name),
                "domain": [
                    "uuid": .string((tool.domain.id ?? .none).description), "name": .string(tool.domain.name),
                    "private": .bool(tool.domain.isPrivate),
                ],
            ], to: "tool.json")
    }

    // MARK: Devices

    /// The devices we own, by name.
    public func devices() throws -> [OwnedDevice] {
        try names(in: "devices", suffix: ".json").map { try device(file: "devices/\($0).json") }
            .sorted { ($0.name, $0.id.description) < ($1.name, $1.id.description) }
    }

    /// A device by its name, its id, or the beginning of its id.
    ///
    /// - Throws: ``OnboardingError`` `.notFound` for none, `.malformed` when several are meant.
    public func device(_ text: String) throws -> OwnedDevice {
        let devices = try devices()
        let wanted = text.lowercased()
        let exact = devices.filter { $0.id.description == wanted || $0.name == text }
        let found = exact.isEmpty ? devices.filter { $0.id.description.hasPrefix(wanted) } : exact
        guard let device = found.first else {
            throw OnboardingError(
                .notFound, "no device that we own is called \(text); `gatehouse-onboard devices` lists them")
        }
        guard found.count == 1 else {
            let ids = found.map(\.id.description).joined(separator: ", ")
            throw OnboardingError(.malformed, "\(text) may be any of \(ids); give more of the id")
        }
        return device
    }

    /// The device of this id, when we own it or have begun to.
    public func device(id: Identifier) throws -> OwnedDevice? {
        let file = "devices/\(id).json"
        guard access("\(path)/\(file)", F_OK) == 0 else { return nil }
        return try device(file: file)
    }

    /// Keeps a device durably.
    public func keep(_ device: OwnedDevice) throws {
        try PrivateFile.makeDirectory("\(path)/devices")
        let file = "devices/\(device.id).json"
        guard try access("\(path)/\(file)", F_OK) == 0 || names(in: "devices", suffix: ".json").count < Self.mostDevices
        else {
            throw OnboardingError(.storage, "\(path)/devices holds \(Self.mostDevices) devices, which is the limit")
        }
        try write(
            [
                "version": 1, "id": .string(device.id.description), "name": .string(device.name),
                "key": .string(Data(device.key).base64EncodedString()), "stage": .string(device.stage.rawValue),
                "method": .int(device.method.rawValue), "host": .string(device.address.host),
                "coap": device.address.plainPort.map { .int($0) } ?? .null,
                "coaps": device.address.securePort.map { .int($0) } ?? .null,
                "dots": .string(device.services.dots.description), "cms": .string(device.services.cms.description),
                "ams": .string(device.services.ams.description),
            ], to: file)
    }

    /// Forgets a device.
    public func forget(_ id: Identifier) {
        unlink("\(path)/devices/\(id).json")
    }

    private func device(file: String) throws -> OwnedDevice {
        let json = try read(file)
        func identifier(_ name: String) -> Identifier? { json[name]?.string.flatMap { Identifier($0) } }
        guard let id = identifier("id"), let name = json["name"]?.string,
            let key = json["key"]?.string.flatMap({ Data(base64Encoded: $0) }).map({ [UInt8]($0) }), key.count == 16,
            let stage = json["stage"]?.string.flatMap(OwnedDevice.Stage.init(rawValue:)),
            let method = json["method"]?.int.flatMap(OwnerTransferMethod.init(rawValue:)),
            let host = json["host"]?.string, let dots = identifier("dots"), let cms = identifier("cms"),
            let ams = identifier("ams")
        else {
            throw OnboardingError(.storage, "\(path)/\(file) is not what gatehouse-onboard wrote; take your backup")
        }
        return OwnedDevice(
            id: id, name: name, key: key, stage: stage, method: method,
            address: DeviceAddress(host: host, plainPort: json["coap"]?.int, securePort: json["coaps"]?.int),
            services: ServiceIDs(dots: dots, cms: cms, ams: ams))
    }

    // MARK: Trust

    /// The roots in `trust/` whose names begin so, PEM.
    public func roots(_ prefix: String) throws -> [String] {
        try names(in: "trust", suffix: ".pem").filter { $0.hasPrefix(prefix) }
            .map { try PrivateFile.read("\(path)/trust/\($0).pem") }
    }

    /// Keeps a root under a name.
    public func keepRoot(_ pem: String, name: String) throws {
        try PrivateFile.makeDirectory("\(path)/trust")
        try PrivateFile.write(pem, to: "\(path)/trust/\(name).pem")
    }

    // MARK: Roles

    /// The names of the roles given to the tool.
    public func roles() throws -> [String] { try names(in: "roles", suffix: ".pem") }

    /// The certificate of a role given to the tool, PEM.
    public func role(_ name: String) throws -> String {
        guard try roles().contains(name) else {
            throw OnboardingError(
                .notFound, "the tool has no role \(name); give it one by `gatehouse-onboard role issue \(name)`")
        }
        return try PrivateFile.read("\(path)/roles/\(name).pem")
    }

    /// Keeps the certificate of a role given to the tool.
    public func keepRole(_ pem: String, name: String) throws {
        // It becomes a file name.
        guard !name.isEmpty, name.utf8.count <= 64, name.first != ".",
            name.unicodeScalars.allSatisfy({ $0.properties.isAlphabetic || "0123456789.-_".unicodeScalars.contains($0) }
            )
        else {
            throw OnboardingError(.malformed, "role \(name): expected up to 64 letters, digits, dots, - and _")
        }
        try PrivateFile.makeDirectory("\(path)/roles")
        try PrivateFile.write(pem, to: "\(path)/roles/\(name).pem")
    }

    // MARK: Files

    /// Runs `body` while no other command of this state does so.
    ///
    /// - Throws: ``OnboardingError`` `.storage` when another holds the lock for longer than writing can take.
    func locked<Result>(_ body: () throws -> Result) throws -> Result {
        try PrivateFile.makeDirectory(path)
        // Made of small files: a second passes only when somebody holds it on purpose.
        for _ in 0..<20 {
            if let lock = try FileLock("\(path)/lock") {
                defer { lock.release() }
                return try body()
            }
            usleep(50_000)
        }
        throw OnboardingError(.storage, "another process holds \(path)/lock")
    }

    /// The names of files in a folder, without the suffix, in order; none when there is no folder.
    func names(in folder: String, suffix: String) throws -> [String] {
        let found = (try? FileManager.default.contentsOfDirectory(atPath: "\(path)/\(folder)")) ?? []
        return found.filter { $0.hasSuffix(suffix) }.map { String($0.dropLast(suffix.count)) }.sorted()
    }

    private func read(_ file: String) throws -> JSON {
        let text = try PrivateFile.read("\(path)/\(file)")
        do {
            return try JSON.parse(text)
        } catch {
            throw OnboardingError(.storage, "\(path)/\(file) is not what gatehouse-onboard wrote: \(error)")
        }
    }

    private func write(_ json: JSON, to file: String) throws {
        try PrivateFile.write(json.serialized(pretty: true) + "\n", to: "\(path)/\(file)")
    }
}
