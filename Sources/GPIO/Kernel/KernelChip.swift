import CGPIOD
import Glibc

/// A chip of the kernel, through libgpiod.
///
/// A thread of the chip waits for edges, from the first line taken to ``close()`` or until nobody holds the chip or a
/// line of it.
public final class KernelChip: GPIOChip {
    /// What it is.
    public let info: ChipInfo
    let core: ChipCore

    /// The version of libgpiod, as it names itself.
    public static var libraryVersion: String { String(cString: gh_gpio_version()) }

    /// Opens the chip meant.
    ///
    /// - Throws: ``GPIOError``: `chipNotFound` with the chips that are there, `chipAmbiguous`, `permission`.
    public static func open(_ selector: ChipSelector) throws(GPIOError) -> KernelChip {
        switch selector {
        case .path(let path):
            return try KernelChip(path: path)
        case .label, .name, .first:
            // A list may hold paths, which need not be in /dev under a name the scan knows.
            if case .first(let selectors) = selector, selectors.contains(where: \.isPath) {
                return try openFirst(selectors)
            }
            let (chips, denied) = scan()
            do {
                return try KernelChip(path: selector.choose(among: chips).path)
            } catch {
                guard error.code == .chipNotFound, !denied.isEmpty else { throw error }
                throw GPIOError(
                    .permission,
                    "no GPIO chip \(selector) among those that may be opened; these may not: "
                        + denied.map(KernelChip.ownership).joined(separator: ", ")
                        + "; let the daemon's user into the group that owns them")
            }
        }
    }

    private static func openFirst(_ selectors: [ChipSelector]) throws(GPIOError) -> KernelChip {
        var last = GPIOError(.chipNotFound, "no GPIO chip is named")
        for selector in selectors {
            do { return try open(selector) } catch {
                guard error.code == .chipNotFound else { throw error }
                last = error
            }
        }
        throw last
    }

    private init(path: String) throws(GPIOError) {
        var chip: OpaquePointer?
        var found = gh_gpio_chip_info()
        let result = gh_gpio_chip_open(path, &chip, &found)
        guard result == 0, let chip else {
            switch -result {
            case EACCES, EPERM:
                throw GPIOError(
                    .permission,
                    "\(KernelChip.ownership(path)) may not be opened; let the daemon's user into the group that owns it"
                )
            case ENOENT, ENODEV, ENXIO, ENOTTY, EINVAL, ENOTDIR, EISDIR:
                let there = KernelChip.list().map(\.description).joined(separator: ", ")
                throw GPIOError(
                    .chipNotFound,
                    "\(path) is no GPIO chip (\(errorText(-result))); "
                        + (there.isEmpty ? "there is no chip at all" : "there are \(there)"))
            default:
                throw GPIOError(.system, "\(path) cannot be opened: \(errorText(-result))")
            }
        }
        info = ChipInfo(path: path, found)
        core = ChipCore(chip: chip, info: info)
    }

    deinit { core.close() }

    /// Whether it has gone away, as far as is known: found out within moments when a line is held, else when it is used.
    public var isLost: Bool { core.isLost }

    /// Its lines.
    public func lines() throws(GPIOError) -> [LineInfo] {
        try core.lines()
    }

    /// Takes a line as an input.
    public func input(
        _ line: LineSelector, _ configuration: InputConfiguration, consumer: String,
        onEvent: @escaping @Sendable (LineEvent) -> Void
    ) throws(GPIOError) -> any InputLine {
        var settings = gh_gpio_settings()
        settings.active_low = configuration.activeLow
        settings.bias = configuration.bias.shim
        settings.edges = true
        settings.debounce_us = UInt32(clamping: configuration.debounce.wholeNanoseconds / 1000)
        let request = ChipCore.Request(
            settings: settings, consumer: consumer,
            debounce: gh_gpio_debounces() ? 0 : configuration.debounce.wholeNanoseconds, safe: .keep, onEvent: onEvent)
        return try take(line, request)
    }

    /// Takes a line as an output.
    public func output(
        _ line: LineSelector, _ configuration: OutputConfiguration, consumer: String,
        onLost: @escaping @Sendable (GPIOError) -> Void
    ) throws(GPIOError) -> any OutputLine {
        var settings = gh_gpio_settings()
        settings.output = true
        settings.active_low = configuration.activeLow
        settings.bias = configuration.bias.shim
        settings.drive = configuration.drive.shim
        settings.initial = configuration.initial
        let request = ChipCore.Request(
            settings: settings, consumer: consumer, debounce: 0, safe: configuration.safe
        ) { event in
            if case .lost(let reason) = event { onLost(GPIOError(.chipLost, reason)) }
        }
        return try take(line, request)
    }

    /// Gives every line back, outputs at their safe values, and ends the chip's thread.
    public func close() { core.close() }

    private func take(_ line: LineSelector, _ request: ChipCore.Request) throws(GPIOError) -> KernelLine {
        let line = try line.choose(among: core.lines(), of: info)
        return KernelLine(info: line, chip: self, id: try core.take(line.offset, request))
    }

    static func ownership(_ path: String) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { return path }
        let mode = String(status.st_mode & 0o777, radix: 8)
        return "\(path) (user \(status.st_uid), group \(status.st_gid), mode \(mode))"
    }
}

/// A line of a kernel's chip.
final class KernelLine: InputLine, OutputLine {
    let info: LineInfo
    /// Keeps the chip open, and its thread running, as long as the line is held.
    private let chip: KernelChip
    private let id: UInt64

    init(info: LineInfo, chip: KernelChip, id: UInt64) {
        self.info = info
        self.chip = chip
        self.id = id
    }

    deinit { close() }

    func value() throws(GPIOError) -> Bool { try chip.core.value(id) }
    func set(_ value: Bool) throws(GPIOError) { try chip.core.set(id, value) }
    func close() { chip.core.release(id) }
}

extension ChipSelector {
    var isPath: Bool {
        if case .path = self { true } else { false }
    }
}

extension Bias {
    var shim: gh_gpio_bias {
        switch self {
        case .asIs: GH_GPIO_BIAS_AS_IS
        case .disabled: GH_GPIO_BIAS_DISABLED
        case .pullUp: GH_GPIO_BIAS_PULL_UP
        case .pullDown: GH_GPIO_BIAS_PULL_DOWN
        }
    }
}

extension Drive {
    var shim: gh_gpio_drive {
        switch self {
        case .pushPull: GH_GPIO_DRIVE_PUSH_PULL
        case .openDrain: GH_GPIO_DRIVE_OPEN_DRAIN
        case .openSource: GH_GPIO_DRIVE_OPEN_SOURCE
        }
    }
}

/// The system's text for an error number.
func errorText(_ number: Int32) -> String {
    var buffer = [CChar](repeating: 0, count: 128)
    guard strerror_r(number, &buffer, buffer.count) == 0 else { return "error \(number)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
