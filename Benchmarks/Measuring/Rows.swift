/// A number with its digits in groups of three.
public func grouped(_ number: Int) -> String {
    var text = ""
    for (index, digit) in String(number).reversed().enumerated() {
        if index > 0, index.isMultiple(of: 3) { text = " " + text }
        text = String(digit) + text
    }
    return text
}

/// A cell that begins at the left.
public func left(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(0, width - text.count))
}

/// A cell that ends at the right.
public func right(_ text: String, _ width: Int) -> String {
    String(repeating: " ", count: max(0, width - text.count)) + text
}

/// Takes what a row made, so that the optimiser cannot leave the making out.
public final class Sink {
    /// Whatever depends on what was made.
    public var value = 0

    /// An empty one.
    public init() {}
}
