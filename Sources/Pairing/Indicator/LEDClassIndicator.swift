import Glibc
import OneLoop

/// An LED of the kernel, under `/sys/class/leds`: a board's own, or one declared by an overlay.
///
/// Endless blinking is left to the kernel's `timer` trigger: it costs no wake-ups. The trigger found at the start is not
/// put back at the end: a lamp that shows pairing shows nothing when the daemon is away, so it is left at `none`. For the
/// case that the daemon dies while the kernel blinks, the service manager sets the trigger to `none`, too.
@Loop
public final class LEDClassIndicator: Indicator {
    /// Where the kernel keeps its LEDs.
    public nonisolated static let defaultDirectory = "/sys/class/leds"

    /// Names of LEDs are this long at most (the kernel's `LED_MAX_NAME_SIZE`).
    private static let maximumNameLength = 64

    private let directory: String
    private let brightness: String
    private var isTimed = false
    /// Why the last change did not reach the LED; nil when it did.
    public private(set) var trouble: String?

    /// The LED of that name; its trigger is set to `none` and it is dark.
    ///
    /// - Throws: ``PairingError`` with `indicator`: there is no such LED (the message lists those there are), or it may
    ///   not be written.
    public init(
        name: String, directory: String = LEDClassIndicator.defaultDirectory
    ) throws(PairingError) {
        guard !name.isEmpty, name.utf8.count < LEDClassIndicator.maximumNameLength, !name.contains("/"), name != "..",
            name != "."
        else { throw PairingError(.indicator, "\"\(name)\" is no name of an LED") }
        self.directory = "\(directory)/\(name)"
        guard let maximum = LEDClassIndicator.read("\(directory)/\(name)/max_brightness") else {
            let there = LEDClassIndicator.names(in: directory)
            throw PairingError(
                .indicator,
                "no LED \(name) in \(directory); "
                    + (there.isEmpty ? "there is none at all" : "there are \(there.joined(separator: ", "))"))
        }
        let digits = maximum.prefix { ("0"..."9").contains($0) }
        brightness = digits.isEmpty || digits == "0" ? "1" : String(digits)
        if let failure = write("trigger", "none") ?? write("brightness", "0") {
            throw PairingError(
                .indicator, "the LED \(name) cannot be written: \(failure); the daemon's user needs write access to it")
        }
    }

    /// Switches the LED; ends blinking by the kernel.
    public func set(_ on: Bool) {
        endTimer()
        trouble = write("brightness", on ? brightness : "0")
    }

    /// Blinking by the kernel's `timer` trigger; false where the kernel lacks it or its files may not be written.
    public func blink(on: Duration, off: Duration) -> Bool {
        guard write("trigger", "timer") == nil else { return false }
        isTimed = true
        guard write("delay_on", LEDClassIndicator.milliseconds(on)) == nil,
            write("delay_off", LEDClassIndicator.milliseconds(off)) == nil
        else {
            // The files come with the trigger, and whoever gives this user access to them may not have done so yet.
            endTimer()
            return false
        }
        trouble = nil
        return true
    }

    /// Leaves the LED dark, with no trigger.
    public func close() { set(false) }

    private func endTimer() {
        guard isTimed else { return }
        isTimed = false
        trouble = write("trigger", "none")
    }

    private static func milliseconds(_ time: Duration) -> String {
        "\(max(1, time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000))"
    }

    /// - Returns: what went wrong.
    private func write(_ file: String, _ text: String) -> String? {
        let path = "\(directory)/\(file)"
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "\(path): \(LEDClassIndicator.text(errno))" }
        defer { Glibc.close(descriptor) }
        let bytes = Array("\(text)\n".utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else {
            return "\(path): \(LEDClassIndicator.text(errno))"
        }
        return nil
    }

    private static func read(_ path: String) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { Glibc.close(descriptor) }
        var buffer = [UInt8](repeating: 0, count: 32)
        let count = Glibc.read(descriptor, &buffer, buffer.count)
        return count > 0 ? String(decoding: buffer.prefix(count), as: UTF8.self) : nil
    }

    private static func names(in directory: String) -> [String] {
        guard let handle = opendir(directory) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle), names.count < 64 {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    private static func text(_ number: Int32) -> String {
        var buffer = [CChar](repeating: 0, count: 128)
        guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
        return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
