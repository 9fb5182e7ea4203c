extension QRCode {
    /// The light modules around a code that a reader needs (ISO/IEC 18004 6.3.8).
    public static let quietZone = 4

    /// For a terminal, two rows of modules in a line of text; dark modules are the background's where `isInverted`, as on
    /// a dark screen.
    public func terminalText(isInverted: Bool = true) -> String {
        var lines: [String] = []
        let range = -QRCode.quietZone..<size + QRCode.quietZone
        for row in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
            var line = ""
            for column in range {
                let upper = self[column, row] != isInverted
                let lower = (row + 1 < range.upperBound && self[column, row + 1]) != isInverted
                line += upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ")
            }
            lines.append(line)
        }
        return lines.joined(separator: "\n")
    }

    /// As an SVG image that prints at any size; one unit is one module.
    public var svg: String {
        let side = size + 2 * QRCode.quietZone
        var path = ""
        for row in 0..<size {
            for column in 0..<size where self[column, row] {
                path += "M\(column + QRCode.quietZone),\(row + QRCode.quietZone)h1v1h-1z"
            }
        }
        return """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(side) \(side)" shape-rendering="crispEdges">
            <rect width="\(side)" height="\(side)" fill="#fff"/>
            <path d="\(path)" fill="#000"/>
            </svg>
            """
    }
}
