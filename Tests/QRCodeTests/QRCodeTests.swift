import Foundation
import QRCode
import Testing

/// Reads a code back with zbar, a reader that is not ours.
private func read(_ code: QRCode, scale: Int = 4) throws -> String {
    let quiet = QRCode.quietZone
    let side = (code.size + 2 * quiet) * scale
    var image = "P1\n\(side) \(side)\n"
    for row in 0..<side {
        image += (0..<side).map { code[$0 / scale - quiet, row / scale - quiet] ? "1" : "0" }.joined() + "\n"
    }
    let file = FileManager.default.temporaryDirectory.appending(path: "qr-\(UUID().uuidString).pbm")
    defer { try? FileManager.default.removeItem(at: file) }
    try Data(image.utf8).write(to: file)
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/zbarimg")
    process.arguments = ["--quiet", "--raw", "-Sdisable", "-Sqrcode.enable", file.path]
    let output = Pipe()
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
    let data = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: data, as: UTF8.self)
}

@Suite("QR codes")
struct QRCodeTests {
    @Test(
        "What is written another reader reads, in every size",
        arguments: [
            1, 14, 15, 26, 27, 42, 43, 62, 63, 84, 85, 106, 107, 122, 123, 152, 153, 180, 181, 213, 214, 251, 252, 287,
            288, 331,
            332, 362, 363, 412,
        ])
    func sizes(_ count: Int) throws {
        let text = String((0..<count).map { Character(UnicodeScalar(UInt8(33 + ($0 * 37 + count) % 90))) })
        let code = try #require(QRCode(text))
        #expect(try read(code) == text + "\n")
    }

    @Test("Each length is held by the smallest version that the standard says")
    func versions() throws {
        // ISO/IEC 18004 table 7, level M, bytes.
        let capacities = [14, 26, 42, 62, 84, 106, 122, 152, 180, 213, 251, 287, 331, 362, 412]
        for (index, capacity) in capacities.enumerated() {
            #expect(try #require(QRCode([UInt8](repeating: 65, count: capacity))).size == 21 + 4 * index)
        }
        #expect(QRCode([UInt8](repeating: 65, count: QRCode.maximumBytes + 1)) == nil)
    }

    @Test("The string of XEP-0347's example")
    func texts() throws {
        let text = "IoTDisco;SN:394872348732948723;MAN:www.ktc.se;MODEL:IMC;#V:1.2;KEY:4857402340298342"
        #expect(try read(#require(QRCode(text))) == text + "\n")
    }

    @Test("Terminal and SVG show the same modules")
    func drawings() throws {
        let code = try #require(QRCode("IoTDisco;SN:1"))
        let lines = code.terminalText(isInverted: false).split(separator: "\n", omittingEmptySubsequences: false)
        #expect(lines.count == (code.size + 2 * QRCode.quietZone + 1) / 2)
        let upper: Set<Character> = ["█", "▀"]
        let lower: Set<Character> = ["█", "▄"]
        for row in 0..<code.size {
            let line = Array(lines[(row + QRCode.quietZone) / 2])
            for column in 0..<code.size {
                let set = (row + QRCode.quietZone) % 2 == 0 ? upper : lower
                #expect(set.contains(line[column + QRCode.quietZone]) == code[column, row])
            }
        }
        let squares = code.svg.components(separatedBy: "M").count - 1
        #expect(squares == (0..<code.size).reduce(0) { sum, row in sum + (0..<code.size).count { code[$0, row] } })
    }
}
