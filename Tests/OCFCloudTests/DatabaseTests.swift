import Foundation
import Testing

@testable import OCFCloud

/// The file under the cloud.
@Suite struct DatabaseTests {
    /// A command runs while the server starts: all of them find the tables, and one has made them.
    @Test func manyOpenANewDatabaseAtOnce() async throws {
        let folder = NSTemporaryDirectory() + "cloud-database-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        for round in 0..<8 {
            let directory = "\(folder)/\(round)"
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 {
                    group.addTask {
                        let database = try CloudDatabase(directory: directory)
                        defer { database.close() }
                        return try database.devices().count
                    }
                }
                for try await count in group { #expect(count == 0) }
            }
        }
    }
}
