import Foundation
import Testing

@testable import FlashStore

/// The store on a real file system.
@Suite struct PosixTests {
    static let options = StoreOptions(segmentSize: 64 << 10)

    /// A directory that goes away with the test.
    final class Directory {
        let path = NSTemporaryDirectory() + "/flash-store-\(UUID().uuidString)"
        var file: String { path + "/" + StoreDirectory.fileName }
        deinit { try? FileManager.default.removeItem(atPath: path) }

        func mode(_ path: String) -> Int? {
            (try? FileManager.default.attributesOfItem(atPath: path))?[.posixPermissions] as? Int
        }

        func identity() throws -> (UInt64, UInt64) {
            let attributes = try FileManager.default.attributesOfItem(atPath: file)
            return (attributes[.systemFileNumber] as? UInt64 ?? 0, attributes[.size] as? UInt64 ?? 0)
        }
    }

    let directory = Directory()

    @Test func makesPrivateFileThatNeverChangesItsLength() async throws {
        let store = try FlashStore.open(directory: directory.path, options: Self.options)
        #expect(store.statistics.recovery.created)
        #expect(directory.mode(directory.path) == 0o700)
        #expect(directory.mode(directory.file) == 0o600)
        let before = try directory.identity()
        #expect(before.1 == 128 << 10)
        for number in 0..<60 { try await store.put("k/\(number % 3)", [UInt8(number)], .now) }
        #expect(store.statistics.compactions > 0)
        await store.close()
        #expect(try directory.identity() == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [StoreDirectory.fileName])

        let again = try FlashStore.open(directory: directory.path)
        #expect(again.get("k/2") == [59])
        #expect(!again.statistics.recovery.isDamaged && !again.statistics.recovery.created)
        await again.close()
        #expect(try directory.identity() == before)
    }

    @Test func secondOpenerIsLockedOut() async throws {
        let store = try FlashStore.open(directory: directory.path, options: Self.options)
        #expect(throws: StoreError(.locked, "")) { try FlashStore.open(directory: directory.path) }
        await store.close()
        let again = try FlashStore.open(directory: directory.path)
        #expect(throws: StoreError(.locked, "")) { try FlashStore.open(directory: directory.path) }
        await again.close()
    }

    @Test(arguments: [(0o750, 0o600), (0o701, 0o600), (0o700, 0o640), (0o700, 0o604)])
    func wideModesAreRefused(directoryMode: Int, fileMode: Int) async throws {
        try await FlashStore.open(directory: directory.path, options: Self.options).close()
        let set = { (mode: Int, path: String) in
            try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
        }
        try set(fileMode, directory.file)
        try set(directoryMode, directory.path)
        #expect(throws: StoreError(.permissions, "")) { try FlashStore.open(directory: directory.path) }
        try set(0o600, directory.file)
        try set(0o700, directory.path)
        try await FlashStore.open(directory: directory.path).close()
    }

    @Test func symbolicLinkIsNotFollowed() async throws {
        try FileManager.default.createDirectory(
            atPath: directory.path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        try FileManager.default.createSymbolicLink(atPath: directory.file, withDestinationPath: "/etc/passwd")
        #expect(throws: StoreError(.permissions, "")) { try FlashStore.open(directory: directory.path) }
    }

    @Test func unfinishedFileIsMadeAnew() async throws {
        try FileManager.default.createDirectory(
            atPath: directory.path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let unfinished = directory.path + "/" + StoreDirectory.unfinishedName
        #expect(FileManager.default.createFile(atPath: unfinished, contents: Data(repeating: 0xA5, count: 5000)))
        let store = try FlashStore.open(directory: directory.path, options: Self.options)
        try await store.put("a", [1], .now)
        await store.close()
        #expect(!FileManager.default.fileExists(atPath: unfinished))
    }

    @Test func foreignFileIsLeftAlone() throws {
        try FileManager.default.createDirectory(
            atPath: directory.path, withIntermediateDirectories: false, attributes: [.posixPermissions: 0o700])
        let contents = Data((0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) })
        #expect(
            FileManager.default.createFile(
                atPath: directory.file, contents: contents, attributes: [.posixPermissions: 0o600]))
        #expect(throws: StoreError(.corrupt, "")) { try FlashStore.open(directory: directory.path) }
        #expect(FileManager.default.contents(atPath: directory.file) == contents)
    }

    @Test func missingParentIsNamed() {
        #expect(throws: StoreError(.io, "")) { try FlashStore.open(directory: directory.path + "/a/b") }
    }

    /// A real small device: it is full, then it becomes read-only under the running store. Needs the right to mount.
    @Test(.enabled("mounting needs root") { geteuid() == 0 && Self.canMount })
    func fullAndReadOnlyDevice() async throws {
        let mountPoint = directory.path
        try FileManager.default.createDirectory(atPath: mountPoint, withIntermediateDirectories: false)
        try Self.run("mount", "-t", "tmpfs", "-o", "size=256k,mode=700", "tmpfs", mountPoint)
        defer { try? Self.run("umount", "-l", mountPoint) }
        #expect(throws: StoreError(.noSpace, "")) { try FlashStore.open(directory: mountPoint) }
        #expect(try FileManager.default.contentsOfDirectory(atPath: mountPoint).isEmpty)

        let store = try FlashStore.open(directory: mountPoint, options: Self.options)
        // Full by others: the store has its room already.
        _ = FileManager.default.createFile(atPath: mountPoint + "/fill", contents: Data(count: 1 << 20))
        for number in 0..<40 { try await store.put("k", [UInt8(number)], .now) }
        await store.close()

        try Self.run("mount", "-o", "remount,ro", mountPoint)
        #expect(throws: StoreError(.readOnly, "")) { try FlashStore.open(directory: mountPoint) }
        let readOnly = try FlashStore.open(
            directory: mountPoint, options: StoreOptions(allowReadOnly: true))
        #expect(readOnly.statistics.isReadOnly)
        #expect(readOnly.get("k") == [39])
        await #expect(throws: StoreError(.readOnly, "")) { try await readOnly.put("k", [40], .now) }
        #expect(readOnly.get("k") == [40])
        await readOnly.close()
        try Self.run("mount", "-o", "remount,rw", mountPoint)
        let again = try FlashStore.open(directory: mountPoint)
        #expect(again.get("k") == [39])
        await again.close()
    }

    static let canMount: Bool = {
        let probe = NSTemporaryDirectory() + "/flash-store-probe-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: probe) }
        do {
            try FileManager.default.createDirectory(atPath: probe, withIntermediateDirectories: false)
            try run("mount", "-t", "tmpfs", "tmpfs", probe)
            try run("umount", probe)
            return true
        } catch { return false }
    }()

    struct Failed: Error { let command: [String] }

    static func run(_ command: String...) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw Failed(command: command) }
    }
}
