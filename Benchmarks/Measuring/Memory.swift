import Glibc

/// What a process holds, in bytes, as the kernel counts it (/proc/PID/status).
public struct Memory: Sendable {
    /// Pages that are in memory, those of files with them (`VmRSS`).
    public let resident: Int
    /// Of those the ones that no file backs (`RssAnon`).
    public let anonymous: Int

    /// Of this process, or of another; zeros when there is none.
    public init(of process: pid_t = getpid()) {
        var resident = 0
        var anonymous = 0
        if let file = fopen("/proc/\(process)/status", "r") {
            defer { fclose(file) }
            var line = [CChar](repeating: 0, count: 256)
            while fgets(&line, CInt(line.count), file) != nil {
                let text = String(decoding: line.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
                let bytes = (Int(text.filter(\.isNumber)) ?? 0) * 1024
                if text.hasPrefix("VmRSS:") { resident = bytes }
                if text.hasPrefix("RssAnon:") { anonymous = bytes }
            }
        }
        self.resident = resident
        self.anonymous = anonymous
    }
}
