import CBOR

/// The introspection device data: an OpenAPI 2.0 document that describes the resources a device really has (core,
/// "Introspection").
///
/// Definitions and parameters stand once and are referred to, so that a thousand sensors of one type cost a path each.
public struct IntrospectionDocument: Sendable {
    /// What a resource is, for the document.
    public struct Resource: Sendable {
        /// Its address.
        public let href: String
        /// Its type.
        public let definition: ResourceTypeDefinition
        /// Its interfaces, the default one first.
        public let interfaces: [Interface]

        /// A resource.
        public init(href: String, definition: ResourceTypeDefinition, interfaces: [Interface]) {
            self.href = href
            self.definition = definition
            self.interfaces = interfaces
        }
    }

    private var parameters: CBOR.Map = [:]
    private var definitions: CBOR.Map = [:]
    private var paths: [(key: CBOR.Value, value: CBOR.Value)] = []
    private let info: CBOR.Value

    /// An empty document with the name and version of the device's software.
    public init(title: String, version: String) {
        info = ["title": .text(title), "version": .text(version)]
    }

    /// Describes a resource. Two of one href are the caller's mistake; the document would hold both.
    public mutating func add(_ resource: Resource) {
        let all = parameter(resource.interfaces.filter(\.allowsRetrieve))
        let name = define(resource)
        var path: CBOR.Map = [
            "get": [
                "description": "",
                "parameters": [["$ref": .text("#/parameters/\(all)")]],
                "responses": [
                    "200": ["description": "", "schema": ["$ref": .text("#/definitions/\(name)")]]
                ],
            ]
        ]
        if resource.interfaces.allowUpdates {
            let writing = parameter(resource.interfaces.filter(\.allowsUpdate))
            path["post"] = [
                "description": "",
                "parameters": [
                    ["$ref": .text("#/parameters/\(writing)")],
                    [
                        "name": "body", "in": "body", "required": true,
                        "schema": ["$ref": .text("#/definitions/\(name)-update")],
                    ],
                ],
                "responses": [
                    "200": ["description": "", "schema": ["$ref": .text("#/definitions/\(name)")]]
                ],
            ]
        }
        paths.append((.text(resource.href), .map(path)))
    }

    /// Describes a collection.
    public mutating func addCollection(href: String) {
        let interfaces = parameter([.linkList, .batch, .baseline])
        definitions["oic.wk.col"] = ["type": "array", "items": ["type": "object"]]
        let reading: CBOR.Value = [
            "description": "",
            "parameters": [["$ref": .text("#/parameters/\(interfaces)")]],
            "responses": ["200": ["description": "", "schema": ["$ref": "#/definitions/oic.wk.col"]]],
        ]
        paths.append((.text(href), ["get": reading]))
    }

    /// The document as CBOR.
    ///
    /// Written piece by piece: a `CBOR.Map` finds a key by a walk, which thousands of paths would make a square.
    public var encoded: [UInt8] {
        let members: [(key: CBOR.Value, value: CBOR.Value)] = [
            ("swagger", "2.0"), ("info", info), ("schemes", ["http"]), ("consumes", ["application/json"]),
            ("produces", ["application/json"]), ("parameters", .map(parameters)), ("definitions", .map(definitions)),
        ]
        var bytes = Self.mapHeader(members.count + 1)
        for (key, value) in members {
            CBOR.encode(key, .asWritten, into: &bytes)
            CBOR.encode(value, .asWritten, into: &bytes)
        }
        CBOR.encode("paths", .asWritten, into: &bytes)
        bytes += Self.mapHeader(paths.count)
        for (key, value) in paths {
            CBOR.encode(key, .asWritten, into: &bytes)
            CBOR.encode(value, .asWritten, into: &bytes)
        }
        return bytes
    }

    /// The head of a map is that of an unsigned integer with another major type (RFC 8949 §3).
    private static func mapHeader(_ count: Int) -> [UInt8] {
        var bytes = CBOR.encode(.int(count))
        bytes[0] |= 5 << 5
        return bytes
    }

    private mutating func parameter(_ interfaces: [Interface]) -> String {
        let name = "interface-" + interfaces.map { $0.rawValue.split(separator: ".").last ?? "" }.joined(separator: "-")
        if parameters[name] == nil {
            parameters[name] = [
                "in": "query", "name": "if", "type": "string", "enum": .texts(interfaces.map(\.rawValue)),
            ]
        }
        return name
    }

    private mutating func define(_ resource: Resource) -> String {
        let definition = resource.definition
        let isWritable = resource.interfaces.allowUpdates
        // One type may stand here as a sensor and as an actuator.
        let name = definition.type + (isWritable || definition.interfaces.first != .sensor ? "" : "-sensor")
        guard definitions[name] == nil else { return name }
        var properties: CBOR.Map = [
            "rt": [
                "type": "array", "minItems": 1, "uniqueItems": true, "readOnly": true,
                "items": ["type": "string", "maxLength": 64],
            ],
            "if": [
                "type": "array", "minItems": 2, "uniqueItems": true, "readOnly": true,
                "items": ["type": "string", "enum": .texts(resource.interfaces.map(\.rawValue))],
            ],
            "n": ["type": "string", "maxLength": 64, "readOnly": true],
        ]
        var writable: CBOR.Map = [:]
        for property in definition.properties {
            var schema = property.kind.schema
            if property.access == .readOnly { schema["readOnly"] = true }
            if property.access != .writeOnly { properties[property.name] = .map(schema) }
            if property.access != .readOnly { writable[property.name] = .map(property.kind.schema) }
        }
        var schema: CBOR.Map = ["type": "object", "properties": .map(properties)]
        let required = definition.properties.filter(\.isMandatory).map(\.name)
        if !required.isEmpty { schema["required"] = .texts(required) }
        definitions[name] = .map(schema)
        if isWritable {
            var update: CBOR.Map = ["type": "object", "properties": .map(writable)]
            let needed = definition.properties.filter(\.isMandatoryInUpdate).map(\.name)
            if !needed.isEmpty { update["required"] = .texts(needed) }
            definitions[name + "-update"] = .map(update)
        }
        return name
    }
}
