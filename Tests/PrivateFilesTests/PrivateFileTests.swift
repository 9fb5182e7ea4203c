import Foundation
import Glibc
import Testing

@testable import PrivateFiles

@Suite("Files of one owner")
final class PrivateFileTests {
    let folder = NSTemporaryDirectory() + "private-files-\(UUID().uuidString)"

    init() throws { try PrivateFile.makeDirectory(folder) }
    deinit { try? FileManager.default.removeItem(atPath: folder) }

    private func mode(_ path: String) -> mode_t {
        var status = stat()
        return stat(path, &status) == 0 ? status.st_mode & 0o777 : 0
    }

    @Test("What is written is read, by its owner alone, and whole")
    func roundTrip() throws {
        try PrivateFile.write("secret", to: "\(folder)/key")
        #expect(try PrivateFile.read("\(folder)/key") == "secret")
        #expect(mode("\(folder)/key") == 0o600)
        #expect(mode(folder) == 0o700)
        try PrivateFile.write("other", to: "\(folder)/key")
        #expect(try PrivateFile.read("\(folder)/key") == "other")
        // Nothing of the writing is left.
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["key"])
    }

    @Test("What cannot be read or written names the path and why")
    func failures() {
        #expect(throws: FileError("cannot read \(folder)/none: no such file")) {
            try PrivateFile.read("\(folder)/none")
        }
        #expect(throws: FileError.self) { try PrivateFile.write("x", to: "\(folder)/none/key") }
    }

    @Test("A lock has one holder at a time")
    func lock() throws {
        let first = try #require(try FileLock("\(folder)/lock"))
        #expect(try FileLock("\(folder)/lock") == nil)
        first.release()
        #expect(try FileLock("\(folder)/lock") != nil)
    }

    @Test("Who waits for a lock has it when its holder lets go, and nothing when that takes too long")
    func waiting() async throws {
        let path = "\(folder)/lock"
        let first = try #require(try FileLock(path))
        #expect(try FileLock.waiting(for: path, seconds: 0.02) == nil)
        async let second = Task.detached { try FileLock.waiting(for: path, seconds: 60) }.value
        first.release()
        #expect(try await second != nil)
    }
}
