import GPIO

/// What the configuration wants of the hardware.
public struct HardwareWish: Sendable {
    /// A line and what it is for: `button`, `relay1`.
    public struct Line: Sendable, Hashable {
        let name: String
        let line: String
        let chip: String

        /// A line; an empty chip is the board's.
        public init(name: String, line: String, chip: String = "") {
            self.name = name
            self.line = line
            self.chip = chip
        }
    }

    /// Labels or paths of the header's chip, best first.
    public var chips: [String]
    /// The button's line; empty for none.
    public var button: String
    /// `none`, `gpio:LINE`, `led:NAME`.
    public var lamp: String
    /// The lines that become nodes.
    public var lines: [Line]
    /// Sensors are listened to by a radio.
    public var radio: Bool

    /// A wish.
    public init(chips: [String], button: String, lamp: String, lines: [Line], radio: Bool) {
        self.chips = chips
        self.button = button
        self.lamp = lamp
        self.lines = lines
        self.radio = radio
    }
}

/// Looks whether the hardware that the configuration wants is there. Changes nothing, and takes no line.
public struct HardwareCheck {
    /// Opens a chip.
    public typealias Opener = (ChipSelector) throws(GPIOError) -> any GPIOChip

    let machine: Machine
    let wish: HardwareWish
    let open: Opener

    /// A check; the kernel's chips unless told otherwise.
    public init(
        _ machine: Machine, _ wish: HardwareWish,
        open: @escaping Opener = { selector throws(GPIOError) in try KernelChip.open(selector) }
    ) {
        self.machine = machine
        self.wish = wish
        self.open = open
    }

    /// Everything that was found, in the order in which people read it.
    public func findings() -> [Finding] {
        pins() + [lamp()].compactMap { $0 } + radio()
    }

    // MARK: Pins

    /// Who holds a line that is the gateway's own: the running daemon.
    private static let ourConsumer = "gatehouse"

    private func pins() -> [Finding] {
        var lines = wish.lines
        if !wish.button.isEmpty { lines.insert(.init(name: "button", line: wish.button), at: 0) }
        if wish.lamp.hasPrefix("gpio:") { lines.append(.init(name: "led", line: String(wish.lamp.dropFirst(5)))) }
        var findings: [Finding] = []
        let isWanted = lines.contains { $0.chip.isEmpty }
        do {
            let chip = try open(ChipSelector(wish.chips))
            findings.append(Finding("gpio", .ok, "\(chip.info), \(chip.info.lineCount) lines"))
        } catch {
            findings.append(
                isWanted
                    ? Finding("gpio", .missing, error.reason, advice: HardwareCheck.advice(error.code))
                    : Finding("gpio", .unused, "no line is configured (\(error.reason))"))
        }
        if wish.button.isEmpty {
            findings.append(
                Finding(
                    "button", .warning, "no button is configured: nobody can give trust by hand",
                    advice: "wire one and name its line in [button], see docs/hardware.md"))
        }
        return findings + lines.map(line)
    }

    private func line(_ wanted: HardwareWish.Line) -> Finding {
        let part = ["button", "led"].contains(wanted.name) ? wanted.name : "line \(wanted.name)"
        do {
            let chip = try open(ChipSelector(wanted.chip.isEmpty ? wish.chips : [wanted.chip]))
            let line = try LineSelector(wanted.line).find(in: chip)
            let place = "\(wanted.line), line \(line.offset) of \(chip.info)"
            guard line.isUsed else { return Finding(part, .ok, "\(place), free") }
            if line.consumer.hasPrefix(HardwareCheck.ourConsumer) {
                return Finding(part, .ok, "\(place), held by the running gateway")
            }
            return Finding(
                part, .missing, "\(place) is held by \(line.consumer.isEmpty ? "somebody" : "\"\(line.consumer)\"")",
                advice: "end the other program, take its overlay out of config.txt, or use another line")
        } catch {
            return Finding(part, .missing, error.reason, advice: HardwareCheck.advice(error.code))
        }
    }

    private static func advice(_ code: GPIOError.Code) -> String {
        switch code {
        case .permission: "let the user into the group that owns the chip: usermod -aG gpio gatehouse, then restart"
        case .chipNotFound: "set board.profile to this board's, or name the chip in board.chips"
        case .chipAmbiguous: "name the chip by its path in board.chips"
        case .lineNotFound: "give a line that the chip has, by name or number"
        case .lineAmbiguous: "give the line's number"
        case .lineBusy, .unsupported, .chipLost, .closed, .system: "see the kernel's log: journalctl -k"
        }
    }

    // MARK: Lamp

    private func lamp() -> Finding? {
        if wish.lamp == "none" {
            return Finding(
                "led", .warning, "no lamp is configured: nobody sees that somebody knocks",
                advice: "wire one and name it in [led], see docs/hardware.md")
        }
        guard wish.lamp.hasPrefix("led:") else { return nil }
        let name = String(wish.lamp.dropFirst(4))
        let folder = "/sys/class/leds/\(name)"
        guard machine.exists(folder) else {
            let there = machine.names("/sys/class/leds").joined(separator: ", ")
            return Finding(
                "led", .missing,
                "no lamp \(name) in /sys/class/leds; there \(there.isEmpty ? "is none" : "are \(there)")",
                advice: "name one of those, or add dtoverlay=gpio-led,gpio=17,label=\(name) to config.txt")
        }
        guard machine.isWritable("\(folder)/brightness"), machine.isWritable("\(folder)/trigger") else {
            return Finding(
                "led", .missing, "\(folder) may not be written by this user",
                advice: "install the udev rule of the package, or run the check as the gateway's user")
        }
        return Finding("led", .ok, "\(folder)")
    }

    // MARK: Radio

    private func radio() -> [Finding] {
        let adapters = machine.names("/sys/class/bluetooth").filter { name in
            name.hasPrefix("hci") && name.dropFirst(3).allSatisfy(\.isNumber)
        }
        guard wish.radio else {
            let there = adapters.isEmpty ? "no adapter" : adapters.joined(separator: ", ")
            return [Finding("bluetooth", .unused, "the configuration listens to no radio; there is \(there)")]
        }
        guard !adapters.isEmpty else {
            return [
                Finding(
                    "bluetooth", .missing, "there is no Bluetooth adapter",
                    advice: "plug one in; on a Raspberry Pi take dtoverlay=disable-bt out of config.txt")
            ]
        }
        return [Finding("bluetooth", .ok, adapters.joined(separator: ", "))] + blocked() + capabilities()
    }

    /// The switches that are set against the radio.
    private func blocked() -> [Finding] {
        machine.names("/sys/class/rfkill").compactMap { name in
            let folder = "/sys/class/rfkill/\(name)"
            guard machine.text("\(folder)/type") == "bluetooth" else { return nil }
            let adapter = machine.text("\(folder)/name") ?? name
            if machine.text("\(folder)/hard") == "1" {
                return Finding(
                    "rfkill", .missing, "\(adapter) is blocked by a switch", advice: "turn the switch of the machine")
            }
            guard machine.text("\(folder)/soft") == "1" else { return nil }
            return Finding("rfkill", .missing, "\(adapter) is blocked", advice: "rfkill unblock bluetooth")
        }
    }

    /// CAP_NET_ADMIN powers an adapter on (linux/capability.h).
    private static let networkAdmin: UInt64 = 1 << 12
    /// CAP_NET_RAW scans through a raw HCI socket.
    private static let networkRaw: UInt64 = 1 << 13

    private func capabilities() -> [Finding] {
        let line = machine.text("/proc/self/status")?.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        guard let digits = line?.split(whereSeparator: { $0 == "\t" || $0 == " " || $0 == ":" }).last,
            let effective = UInt64(digits, radix: 16)
        else { return [] }
        var absent: [String] = []
        if effective & HardwareCheck.networkAdmin == 0 { absent.append("CAP_NET_ADMIN (power an adapter on)") }
        if effective & HardwareCheck.networkRaw == 0 { absent.append("CAP_NET_RAW (scan)") }
        guard !absent.isEmpty else { return [Finding("capabilities", .ok, "CAP_NET_ADMIN and CAP_NET_RAW")] }
        return [
            Finding(
                "capabilities", .warning, "whoever runs this check has not \(absent.joined(separator: " and "))",
                advice: "the service has them from its unit; for a start by hand: setcap cap_net_admin,cap_net_raw+ep")
        ]
    }
}
