import Foundation
import Glibc

/// Files that their owner alone may read: keys, tokens, databases.
public enum PrivateFile {
    /// Writes `text` whole or not at all: into a new file beside it, forced to disk, then renamed over it.
    ///
    /// - Throws: ``FileError`` naming the path and the system's reason.
    public static func write(_ text: String, to path: String, mode: mode_t = 0o600) throws {
        let temporary = "\(path).new-\(getpid())"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw failure("create", path) }
        do {
            defer { close(descriptor) }
            var rest = Array(text.utf8)[...]
            while !rest.isEmpty {
                let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
                guard count > 0 else {
                    if count < 0 && errno == EINTR { continue }
                    throw failure("write", path)
                }
                rest = rest.dropFirst(count)
            }
            guard fsync(descriptor) == 0 else { throw failure("write", path) }
        } catch {
            unlink(temporary)
            throw error
        }
        guard rename(temporary, path) == 0 else {
            let error = failure("rename", path)
            unlink(temporary)
            throw error
        }
        // The name is on disk once its directory is.
        let directory = open(NSString(string: path).deletingLastPathComponent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        if directory >= 0 {
            fsync(directory)
            close(directory)
        }
    }

    /// Reads a text file of at most a megabyte (the largest of ours is a certificate chain of kilobytes).
    ///
    /// - Throws: ``FileError`` naming the path and the system's reason.
    public static func read(_ path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            let reason = access(path, F_OK) == 0 ? "permission denied" : "no such file"
            throw FileError("cannot read \(path): \(reason)")
        }
        guard data.count <= 1 << 20, let text = String(data: data, encoding: .utf8) else {
            throw FileError("cannot read \(path): expected a text of at most 1 MiB")
        }
        return text
    }

    /// Makes a directory that its owner alone may enter, with those above it.
    public static func makeDirectory(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        } catch {
            throw FileError("cannot make the directory \(path): \(String(cString: strerror(errno)))")
        }
    }

    /// Makes an empty file if there is none, and takes everybody's access but the owner's from it; before SQLite opens it,
    /// since the log beside a database gets the database's own permissions.
    public static func touch(_ path: String) throws {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("open", path) }
        defer { close(descriptor) }
        guard fchmod(descriptor, 0o600) == 0 else { throw failure("set permissions of", path) }
    }

    private static func failure(_ action: String, _ path: String) -> FileError {
        FileError("cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}
