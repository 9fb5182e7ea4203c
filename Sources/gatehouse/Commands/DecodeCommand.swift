import Advertising
import ArgumentParser
import BluetoothLE
import Glibc
import JSONText

/// `gatehouse decode`
struct DecodeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "decode", abstract: "Show what a Bluetooth advert says.",
        discussion: """
            Given an advert's payload in hex, prints its readings for people. With --json it reads lines such as \
            {"id": 1, "address": "A4:C1:38:8D:18:B2", "ad_structure_hex": "0201060816d2fc4004138a01"} from standard input \
            and answers one line each: {"id": 1, "decoded": {"pressure": {"value": 1008.83, "unit": "mbar"}}}, or \
            {"id": 1, "error": "…"}. Members service_data and manufacturer_data (objects of UUID or company to hex) serve in \
            place of the payload; key is the bind key, where the sensor encrypts. A line with characteristic (0x2A6E) and \
            value_hex is the value of a GATT characteristic. No daemon is asked.
            """)

    @Argument(help: "The advertising payload in hex, as the radio delivers it.") var payload: String?
    @Option(help: "The sensor's address; encrypted adverts need it.") var address: String?
    @Option(help: "The bind key, 32 hex digits (24 for old Xiaomi sensors).") var key: String?
    @Flag(help: "Decode JSON lines from standard input.") var json = false

    func validate() throws {
        if json == (payload != nil) {
            throw ValidationError("give either an advert in hex, or --json and lines on standard input")
        }
    }

    func run() throws {
        if let payload {
            try decode(payload)
        } else {
            while let line = readLine() {
                guard !line.isEmpty else { continue }
                print(DecodeAnswer.line(line.utf8))
                // A caller that waits for each answer would wait for ever on a full buffer.
                fflush(nil)
            }
        }
    }

    private func decode(_ hex: String) throws {
        guard let bytes = Hex.bytes(hex) else {
            throw ValidationError("the advert is no hex: expected pairs of hex digits")
        }
        let bindKey = try key.map { text in
            guard let key = BindKey(hex: text) else {
                throw ValidationError("the key must have 32 hex digits, or 24 for old Xiaomi sensors")
            }
            return key
        }
        let sender = try address.map { text in
            guard let address = BluetoothAddress(text) else {
                throw ValidationError("the address must look like A4:C1:38:8D:18:B2")
            }
            return address
        }
        let (lines, isDecoded) = AdvertText.describe(bytes, address: sender, key: bindKey)
        print(lines.joined(separator: "\n"))
        if !isDecoded { throw ExitCode(65) }
    }
}
