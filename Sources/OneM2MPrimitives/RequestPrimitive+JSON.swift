import CBOR
import JSONText

/// Reads members of a primitive, each with an error that names it.
struct ParameterReader {
    static func text(_ name: String, _ value: JSON) throws(OneM2MError) -> String {
        guard let text = value.string, !text.isEmpty else {
            throw OneM2MError(.badRequest, "\(name): a text was expected, not \(value.kindName)")
        }
        return text
    }

    static func texts(_ name: String, _ value: JSON, most: Int = RequestPrimitive.mostValues) throws(OneM2MError)
        -> [String]
    {
        guard let items = value.array, items.count <= most else {
            throw OneM2MError(.badRequest, "\(name): a list of at most \(most) texts was expected")
        }
        return try items.map { item throws(OneM2MError) in try text(name, item) }
    }

    static func number(_ name: String, _ value: JSON) throws(OneM2MError) -> Int {
        guard let number = value.int else {
            throw OneM2MError(.badRequest, "\(name): a number was expected, not \(value.kindName)")
        }
        return number
    }

    static func flag(_ name: String, _ value: JSON) throws(OneM2MError) -> Bool {
        guard let flag = value.bool else {
            throw OneM2MError(.badRequest, "\(name): true or false was expected, not \(value.kindName)")
        }
        return flag
    }

    static func time(_ name: String, _ value: JSON) throws(OneM2MError) -> OneM2MTime {
        guard let time = value.string.flatMap({ OneM2MTime($0) }) else {
            throw OneM2MError(.badRequest, "\(name): a time such as 20261126T151610 was expected")
        }
        return time
    }

    static func anyTime(_ name: String, _ value: JSON) throws(OneM2MError) -> AbsoluteOrRelativeTime {
        if let milliseconds = value.int { return .after(Int64(milliseconds)) }
        guard let time = value.string.flatMap({ AbsoluteOrRelativeTime($0) }) else {
            throw OneM2MError(
                .badRequest, "\(name): a time such as 20261126T151610, or a number of milliseconds, was expected")
        }
        return time
    }

    static func choice<Choice: RawRepresentable>(_ name: String, _ value: JSON, _ type: Choice.Type)
        throws(OneM2MError) -> Choice where Choice.RawValue == Int
    {
        guard let choice = Choice(rawValue: try number(name, value)) else {
            throw OneM2MError(.badRequest, "\(name): \(value.serialized().prefix(20)) is none of its values")
        }
        return choice
    }
}

extension RequestPrimitive {
    /// The request of a JSON object of short names.
    ///
    /// - Throws: ``OneM2MError`` 4000 for what is missing or malformed, 5001 for a parameter that is not supported.
    public init(json: JSON) throws(OneM2MError) {
        guard let object = json.object else {
            throw OneM2MError(.badRequest, "a primitive is an object, not \(json.kindName)")
        }
        guard let operation = object["op"], let to = object["to"] else {
            throw OneM2MError(.badRequest, "a request has op and to")
        }
        let identifier =
            try object["rqi"].map { value throws(OneM2MError) in try ParameterReader.text("rqi", value) } ?? ""
        self.init(
            try ParameterReader.choice("op", operation, Operation.self), to: try ParameterReader.text("to", to),
            from: nil, requestIdentifier: identifier, releaseVersion: nil)
        for member in object where !["op", "to", "rqi"].contains(member.name) {
            try set(member.name, member.value)
        }
    }

    private mutating func set(_ name: String, _ value: JSON) throws(OneM2MError) {
        switch name {
        case "fr":
            guard let text = value.string else { throw OneM2MError(.badRequest, "fr: a text was expected") }
            from = text.isEmpty ? nil : text
        case "ty": resourceType = try ParameterReader.choice(name, value, ResourceType.self)
        case "pc": content = value
        case "rvi": releaseVersion = try ParameterReader.text(name, value)
        case "vsi": vendorInformation = try ParameterReader.text(name, value)
        case "rids": roleIDs = try ParameterReader.texts(name, value)
        case "ot": originatingTimestamp = try ParameterReader.time(name, value)
        case "rqet": requestExpiration = try ParameterReader.anyTime(name, value)
        case "rset": resultExpiration = try ParameterReader.anyTime(name, value)
        case "oet": operationExecutionTime = try ParameterReader.anyTime(name, value)
        case "rp": resultPersistence = try ParameterReader.anyTime(name, value)
        case "rt":
            if value.int != nil {
                responseType = try ParameterReader.choice(name, value, ResponseType.self)
            } else {
                guard let object = value.object, let type = object["rtv"] else {
                    throw OneM2MError(.badRequest, "rt: an object with rtv was expected")
                }
                responseType = try ParameterReader.choice("rtv", type, ResponseType.self)
                notificationURIs = try object["nu"].map { list throws(OneM2MError) in
                    try ParameterReader.texts("nu", list)
                }
            }
        case "rcn": resultContent = try ParameterReader.choice(name, value, ResultContent.self)
        case "ec": eventCategory = try ParameterReader.number(name, value)
        case "da": deliveryAggregation = try ParameterReader.flag(name, value)
        case "gid": groupRequestIdentifier = try ParameterReader.text(name, value)
        case "fc": filterCriteria = try FilterCriteria(json: value)
        case "drt": discoveryResultType = try ParameterReader.choice(name, value, DesiredIdentifierType.self)
        case "tkns": tokens = try ParameterReader.texts(name, value)
        case "tids": tokenIDs = try ParameterReader.texts(name, value)
        case "ltids": localTokenIDs = try ParameterReader.texts(name, value)
        case "tqi": tokenRequestIndicator = try ParameterReader.flag(name, value)
        case "atrl": attributeList = try ParameterReader.texts(name, value, most: 64)
        default: throw OneM2MError(.notImplemented, "the parameter \"\(name.prefix(40))\" is not supported")
        }
    }

    /// The JSON object of short names.
    public var json: JSON {
        var object: JSONObject = ["op": .int(operation.rawValue), "to": .string(to)]
        func texts(_ name: String, _ list: [String]) {
            if !list.isEmpty { object[name] = .array(list.map { .string($0) }) }
        }
        object["fr"] = from.map { .string($0) }
        if !requestIdentifier.isEmpty { object["rqi"] = .string(requestIdentifier) }
        object["ty"] = resourceType.map { .int($0.rawValue) }
        object["rvi"] = releaseVersion.map { .string($0) }
        object["vsi"] = vendorInformation.map { .string($0) }
        object["ot"] = originatingTimestamp.map { .string("\($0)") }
        object["rqet"] = requestExpiration.map { .string("\($0)") }
        object["rset"] = resultExpiration.map { .string("\($0)") }
        object["oet"] = operationExecutionTime.map { .string("\($0)") }
        object["rp"] = resultPersistence.map { .string("\($0)") }
        if responseType != .blocking || notificationURIs != nil {
            var type: JSONObject = ["rtv": .int(responseType.rawValue)]
            type["nu"] = notificationURIs.map { .array($0.map { .string($0) }) }
            object["rt"] = .object(type)
        }
        object["rcn"] = resultContent.map { .int($0.rawValue) }
        object["ec"] = eventCategory.map { .int($0) }
        object["da"] = deliveryAggregation.map { .bool($0) }
        object["gid"] = groupRequestIdentifier.map { .string($0) }
        if !filterCriteria.isEmpty { object["fc"] = filterCriteria.json }
        object["drt"] = discoveryResultType.map { .int($0.rawValue) }
        texts("rids", roleIDs)
        texts("tkns", tokens)
        texts("tids", tokenIDs)
        texts("ltids", localTokenIDs)
        object["tqi"] = tokenRequestIndicator.map { .bool($0) }
        object["atrl"] = attributeList.map { .array($0.map { .string($0) }) }
        object["pc"] = content
        return .object(object)
    }

    /// The request of a CBOR map of short names.
    ///
    /// - Throws: as ``init(json:)``.
    public init(cbor value: CBOR.Value) throws(OneM2MError) {
        guard let json = JSON(cbor: value) else {
            throw OneM2MError(
                .badRequest, "the CBOR item holds what oneM2M's data types do not: bytes, or keys that are no text")
        }
        try self.init(json: json)
    }

    /// The CBOR map of short names.
    public var cbor: CBOR.Value { json.cbor }
}
