import Advertising
import Concentrator
import GATT

extension GATTPoint {
    /// What a value says, by the names of fields or parameters; nil where the device says that it does not know.
    ///
    /// - Throws: ``GATTError`` `malformed`.
    func values(_ bytes: [UInt8]) throws(GATTError) -> [(name: String, value: FieldValue?, unit: String?)] {
        let readings: [CharacteristicReading]
        do throws(CharacteristicError) {
            readings = try definition.decode(bytes)
        } catch {
            throw GATTError(.malformed, "its \(name): \(error.description)")
        }
        var values: [(name: String, value: FieldValue?, unit: String?)] = []
        for reading in readings {
            if case .digitals(let states) = reading.value {
                for (index, state) in states.prefix(shownLines(states.count)).enumerated() {
                    // 2 is neither, 3 is unknown.
                    values.append((lineName(index), state <= 1 ? .boolean(state == 1) : nil, nil))
                }
            } else {
                let (value, unit) = GATTPoint.house(reading.value, reading.unit)
                values.append((readingName(reading), value, unit))
            }
        }
        return values
    }

    private func shownLines(_ all: Int) -> Int { min(lines == 0 ? all : lines ?? 0, GATTPoint.mostLines) }

    private func lineName(_ index: Int) -> String { lines == 1 ? name : "\(name) \(index + 1)" }

    /// `PnP ID` with its field's name behind it where there are several.
    private func readingName(_ reading: CharacteristicReading) -> String {
        guard definition.fields.count > 1 else { return name }
        let field = reading.name.dropFirst(definition.name.count + 1).split(separator: "_").map { word in
            word.prefix(1).uppercased() + word.dropFirst()
        }
        return ([name] + field).joined(separator: " ")
    }

    /// A value as the house has it.
    private static func house(_ value: CharacteristicValue, _ unit: String?) -> (FieldValue?, String?) {
        switch value {
        case .number(let mantissa, let decimals):
            // The same number under the unit that adverts have.
            if unit == "Pa" { return (.number(Quantity(mantissa: mantissa, decimals: decimals + 2)), "hPa") }
            return (.number(Quantity(mantissa: mantissa, decimals: decimals)), unit)
        // What lies beyond 18 digits is no measurement.
        case .real(let number): return (Quantity(rounding: number, decimals: 3).map { .number($0) }, unit)
        case .boolean(let flag): return (.boolean(flag), nil)
        case .text(let text): return (.text(text), nil)
        case .bytes(let bytes): return (.text(Hex.text(bytes)), nil)
        case .digitals, .missing: return (nil, unit)
        }
    }

    // MARK: Parameters

    /// The parameters that it makes; none when it cannot be written, or is of a kind that people cannot give.
    var parameters: [Parameter] {
        guard isWritable else { return [] }
        if let lines { return (0..<shownLines(lines)).map { Parameter(name: lineName($0), kind: .boolean) } }
        guard definition.fields.count == 1, definition.isEncodable, let kind = definition.fields.first?.parameterKind
        else { return [] }
        return [Parameter(name: name, kind: kind)]
    }

    /// The bytes that set one of its parameters.
    ///
    /// - Throws: ``GATTError`` `notPossible` for a value that does not fit.
    func bytes(setting parameter: String, to value: FieldValue) throws(GATTError) -> [UInt8] {
        let wanted: CharacteristicValue
        switch (value, definition.fields.first?.form) {
        case (.boolean(let flag), .digitals?):
            // 3 leaves a line as it is (Automation IO Service 3.1.2.1).
            var states = Array(repeating: UInt8(3), count: max(1, lines ?? 1))
            guard let index = states.indices.first(where: { lineName($0) == parameter }) else {
                throw GATTError(.notFound, "it has no line \(parameter)")
            }
            states[index] = flag ? 1 : 0
            // Lines fill whole bytes; those that are none stay as they are, too.
            states += Array(repeating: 3, count: (4 - states.count % 4) % 4)
            wanted = .digitals(states)
        case (.boolean(let flag), _): wanted = .boolean(flag)
        case (.number(let quantity), _):
            wanted = .number(mantissa: quantity.mantissa, decimals: quantity.decimals)
        case (.text(let text), .rest?), (.text(let text), .bytes?):
            guard let bytes = Hex.bytes(text) else {
                throw GATTError(.notPossible, "found \"\(text)\" for \(parameter), expected hex digits")
            }
            wanted = .bytes(bytes)
        case (.text(let text), _): wanted = .text(text)
        case (.timestamp, _): throw GATTError(.notPossible, "\(parameter) takes no time")
        }
        do throws(CharacteristicError) {
            return try definition.encode([wanted])
        } catch {
            throw GATTError(.notPossible, "\(parameter): \(error.description)")
        }
    }
}

extension CharacteristicField {
    /// What a parameter of it takes.
    fileprivate var parameterKind: ParameterKind? {
        switch form {
        case .unsigned(let size):
            let top: Int64 = size >= 8 ? .max : (1 << Int64(8 * size)) - 1
            return number(range ?? 0...top)
        case .signed(let size):
            let top: Int64 = size >= 8 ? .max : (1 << Int64(8 * size - 1)) - 1
            return number(range ?? (-top - 1)...top)
        case .boolean: return .boolean
        case .shortFloat, .float, .float32, .float64:
            return .number(minimum: nil, maximum: nil, decimals: 6, unit: unit)
        case .text: return .text(maximumLength: GATTClient.longestValue)
        case .bytes(let size): return .text(maximumLength: 2 * size)
        case .rest: return .text(maximumLength: 2 * GATTClient.longestValue)
        case .digitals: return nil
        }
    }

    private func number(_ raw: ClosedRange<Int64>) -> ParameterKind {
        func scaled(_ raw: Int64) -> Quantity? {
            let (product, isTooLarge) = raw.multipliedReportingOverflow(by: multiplier)
            let (sum, isOver) = product.addingReportingOverflow(offset)
            return isTooLarge || isOver ? nil : Quantity(mantissa: sum, decimals: decimals)
        }
        return .number(
            minimum: scaled(raw.lowerBound), maximum: scaled(raw.upperBound), decimals: decimals, unit: unit)
    }
}
