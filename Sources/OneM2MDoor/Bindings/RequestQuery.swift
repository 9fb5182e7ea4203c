import JSONText
import OneM2MPrimitives

/// The parameters of a request that both bindings carry in the query, by their short names (TS-0009 6.2.2.2, TS-0008
/// 6.2.2.3): one item each, the values of a list joined with `+`.
enum RequestQuery {
    /// Items that are looked at: every parameter, every filter condition, and as many attributes.
    static let mostItems = 96

    private static let parameters: Set<String> = [
        "op", "rt", "rp", "rcn", "da", "drt", "rids", "tids", "ltids", "tqi", "atrl", "tkns", "asi", "auri", "sqi",
        "aus",
    ]

    /// Whether a query reads an item of this name as something else than a condition on an attribute.
    static func isParameter(_ name: String) -> Bool {
        parameters.contains(name) || FilterCriteria.isCriterion(name) || name.utf8.contains(UInt8(ascii: "="))
    }

    /// Takes in one item.
    ///
    /// - Parameters:
    ///   - item: `name=value` as it came.
    ///   - decode: undoes the binding's escapes in a name or value; nil for one that is malformed.
    ///   - takesTokens: whether `tkns` may stand here. A URI of HTTP is written to logs all along its way, so not there.
    /// - Throws: ``OneM2MError`` 4000 or 5001.
    static func apply(
        _ item: Substring, to request: inout RequestPrimitive, takesTokens: Bool, decode: (Substring) -> String?
    ) throws(OneM2MError) {
        let equals = item.utf8.firstIndex(of: UInt8(ascii: "=")) ?? item.endIndex
        let rawValue = equals == item.endIndex ? item[item.endIndex...] : item[item.index(after: equals)...]
        guard let name = decode(item[..<equals]), !name.isEmpty else {
            throw OneM2MError(.badRequest, "the query has an item without a name, or with a broken escape")
        }
        // A plus that joins is a raw one; a plus inside of a value is escaped where the binding has escapes.
        func list() throws(OneM2MError) -> [String] {
            var values: [String] = []
            for part in rawValue.split(whereSeparator: { $0 == "+" || $0 == " " }) {
                guard let value = decode(part) else { throw broken(name) }
                values.append(value)
            }
            guard !values.isEmpty, values.count <= RequestPrimitive.mostValues else {
                throw OneM2MError(
                    .badRequest, "\(name): expected 1 to \(RequestPrimitive.mostValues) values joined with +")
            }
            return values
        }
        func text() throws(OneM2MError) -> String {
            guard let value = decode(rawValue) else { throw broken(name) }
            return value
        }
        func number() throws(OneM2MError) -> Int {
            let value = try text()
            guard let number = Int(value) else {
                throw OneM2MError(.badRequest, "\(name): expected a number, found \"\(value.prefix(40))\"")
            }
            return number
        }
        func choice<Choice: RawRepresentable>(_ type: Choice.Type) throws(OneM2MError) -> Choice
        where Choice.RawValue == Int {
            let value = try number()
            guard let choice = Choice(rawValue: value) else {
                throw OneM2MError(.badRequest, "\(name): \(value) is none of its values")
            }
            return choice
        }
        func flag() throws(OneM2MError) -> Bool {
            switch try text() {
            case "true", "1": true
            case "false", "0": false
            default: throw OneM2MError(.badRequest, "\(name): expected true or false")
            }
        }
        switch name {
        case "rt": request.responseType = try choice(ResponseType.self)
        case "rp":
            guard let time = AbsoluteOrRelativeTime(try text()) else { throw badTime(name) }
            request.resultPersistence = time
        case "rcn": request.resultContent = try choice(ResultContent.self)
        case "da": request.deliveryAggregation = try flag()
        case "drt": request.discoveryResultType = try choice(DesiredIdentifierType.self)
        case "rids": request.roleIDs += try list()
        case "tids": request.tokenIDs += try list()
        case "ltids": request.localTokenIDs += try list()
        case "tqi": request.tokenRequestIndicator = try flag()
        case "atrl": request.attributeList = (request.attributeList ?? []) + (try list())
        case "tkns":
            guard takesTokens else {
                throw OneM2MError(.badRequest, "tokens go into the Authorization header, never into a URI")
            }
            request.tokens += try list()
        case "asi", "auri", "sqi", "aus":
            throw OneM2MError(.notImplemented, "the parameter \"\(name)\" is not supported")
        case "lbl":
            request.filterCriteria.labels += try list()
        case "ty":
            for value in try list() { try request.filterCriteria.add(name, value) }
        default: try request.filterCriteria.add(name, try text())
        }
        let criteria = request.filterCriteria
        guard max(criteria.labels.count, request.attributeList?.count ?? 0) <= FilterCriteria.mostValues,
            max(request.roleIDs.count, request.tokenIDs.count, request.localTokenIDs.count, request.tokens.count)
                <= RequestPrimitive.mostValues
        else { throw OneM2MError(.badRequest, "\(name): too many values") }
    }

    private static func broken(_ name: String) -> OneM2MError {
        OneM2MError(.badRequest, "\(name.prefix(40)): a broken escape in the query")
    }

    static func badTime(_ name: String) -> OneM2MError {
        OneM2MError(.badRequest, "\(name): expected a time such as 20261126T151610, or a number of milliseconds")
    }

    /// The items of a request, names and values unescaped; the values of a list apart, to be joined with `+`.
    static func items(of request: RequestPrimitive) -> [(name: String, values: [String])] {
        var items: [(name: String, values: [String])] = []
        func put(_ name: String, _ value: String?) { if let value { items.append((name, [value])) } }
        func put(_ name: String, _ values: [String]) { if !values.isEmpty { items.append((name, values)) } }
        put("rt", request.responseType == .blocking ? nil : "\(request.responseType.rawValue)")
        put("rp", request.resultPersistence.map { "\($0)" })
        put("rcn", request.resultContent.map { "\($0.rawValue)" })
        put("da", request.deliveryAggregation.map { "\($0)" })
        put("drt", request.discoveryResultType.map { "\($0.rawValue)" })
        put("rids", request.roleIDs)
        put("tids", request.tokenIDs)
        put("ltids", request.localTokenIDs)
        put("tqi", request.tokenRequestIndicator.map { "\($0)" })
        put("atrl", request.attributeList ?? [])
        for member in request.filterCriteria.json.object ?? JSONObject() {
            switch (member.name, member.value) {
            case ("atr", .array(let conditions)):
                for condition in conditions {
                    if let name = condition["nm"]?.string { put(name, condition["val"]?.string) }
                }
            case ("cty", .array(let values)): for value in values { put("cty", value.string) }
            case (let name, .array(let values)):
                put(name, values.map { $0.string ?? $0.serialized() })
            case (let name, let value): put(name, value.string ?? value.serialized())
            }
        }
        return items
    }
}
