import CBOR
import Foundation

/// The definition files of OCF that lie beside this file, and the look-up of what they refer to.
public struct SchemaStore: Sendable {
    /// A schema and the file it stands in, which local references need.
    public struct Place: Sendable {
        /// The file.
        public let file: String
        /// The schema.
        public let schema: CBOR.Value
    }

    /// One `x-example` of a definition file.
    public struct Example: Sendable {
        /// The file.
        public let file: String
        /// The path and method, such as "get /oic/d".
        public let operation: String
        /// Whether it is the body of a request.
        public let isRequest: Bool
        /// The example.
        public let value: CBOR.Value
        /// Its schema, when it has one.
        public let place: Place?
    }

    /// Why the files cannot be used.
    public struct Broken: Error, CustomStringConvertible {
        /// What is wrong.
        public let description: String
    }

    /// The files, read once: a test of a whole table asks thousands of times.
    public static let shared = Result { try SchemaStore() }

    private let files: [String: CBOR.Value]

    /// Reads every file of the folder.
    public init() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appendingPathComponent("Schemas")
        guard let walk = FileManager.default.enumerator(at: root, includingPropertiesForKeys: nil) else {
            throw Broken(description: "no folder \(root.path)")
        }
        var files: [String: CBOR.Value] = [:]
        for case let url as URL in walk where url.pathExtension == "json" {
            let json = try JSONSerialization.jsonObject(with: Data(contentsOf: url))
            files[url.lastPathComponent] = try Self.value(json)
        }
        self.files = files
    }

    /// The names of all files of definitions.
    public var names: [String] { files.keys.filter { $0.hasSuffix("swagger.json") }.sorted() }

    /// A part of a schema, and the file it stands in.
    public func place(_ schema: CBOR.Value, in file: String) -> Place { Place(file: file, schema: schema) }

    /// A part of a schema, in the file of the whole.
    public func place(_ schema: CBOR.Value, in whole: Place) -> Place { Place(file: whole.file, schema: schema) }

    /// The keywords of a schema with those of its references and `allOf` parts.
    public func flat(_ place: Place) throws -> CBOR.Map {
        let place = try resolve(place)
        var map = place.schema.entries ?? [:]
        for part in place.schema["allOf"]?.items ?? [] {
            for (key, value) in try flat(Place(file: place.file, schema: part)) { map[key] = value }
        }
        return map
    }

    /// Every definition of a file.
    func allDefinitions(in file: String) -> [CBOR.Value] {
        files[file]?["definitions"]?.entries?.map(\.value) ?? []
    }

    /// A definition of a file, such as `definition("Temperature", in: "TemperatureResURI.swagger.json")`.
    public func definition(_ name: String, in file: String) throws -> Place {
        try find("#/definitions/\(name)", from: file)
    }

    /// The schema of a successful answer: the first response 200 of `method` at the path that begins with `path`.
    public func answer(_ method: String = "get", path: String = "", in file: String) throws -> Place {
        for (key, item) in files[file]?["paths"]?.entries ?? [:] where key.string?.hasPrefix(path) == true {
            if let schema = item[method]?["responses"]?["200"]?["schema"] { return Place(file: file, schema: schema) }
        }
        throw Broken(description: "\(file) has no answer to \(method) \(path)")
    }

    /// The schema of the body of an update.
    public func update(path: String = "", in file: String) throws -> Place {
        for (key, item) in files[file]?["paths"]?.entries ?? [:] where key.string?.hasPrefix(path) == true {
            for parameter in item["post"]?["parameters"]?.items ?? [] {
                if let schema = parameter["schema"] { return Place(file: file, schema: schema) }
            }
        }
        throw Broken(description: "\(file) has no update at \(path)")
    }

    /// The file that defines a resource type.
    public func file(ofType type: String) -> String? {
        names.first { name in
            files[name]?["definitions"]?.entries?.contains { _, definition in
                func types(_ schema: CBOR.Value?) -> [CBOR.Value] { schema?["rt"]?["items"]?["enum"]?.items ?? [] }
                return (types(definition["properties"]) + types(definition["items"]?["properties"])).contains(
                    .text(type))
            } ?? false
        } ?? names.first { $0 == "\(type).swagger.json" }
    }

    /// The interfaces that a file's parameters list.
    public func interfaces(in file: String) -> Set<String> {
        var names: Set<String> = []
        for (_, parameter) in files[file]?["parameters"]?.entries ?? [:] where parameter["name"] == "if" {
            names.formUnion(parameter["enum"]?.items?.compactMap(\.string) ?? [])
        }
        return names
    }

    /// The HTTP numbers of the answers to an update.
    public func updateAnswers(in file: String) -> Set<String> {
        Set(
            (files[file]?["paths"]?.entries ?? [:]).flatMap { _, item in
                item["post"]?["responses"]?.entries?.keys.compactMap(\.string) ?? []
            })
    }

    /// Every example of a file.
    public func examples(in file: String) -> [Example] {
        var examples: [Example] = []
        for (path, item) in files[file]?["paths"]?.entries ?? [:] {
            for (method, operation) in item.entries ?? [:] {
                let name = "\(method.string ?? "") \(path.string ?? "")"
                for (_, response) in operation["responses"]?.entries ?? [:] {
                    guard let value = response["x-example"] else { continue }
                    let place = response["schema"].map { Place(file: file, schema: $0) }
                    examples.append(
                        Example(file: file, operation: name, isRequest: false, value: value, place: place))
                }
                for parameter in operation["parameters"]?.items ?? [] {
                    guard let value = parameter["x-example"] else { continue }
                    let place = parameter["schema"].map { Place(file: file, schema: $0) }
                    examples.append(Example(file: file, operation: name, isRequest: true, value: value, place: place))
                }
            }
        }
        return examples
    }

    /// Follows a reference to the end.
    public func resolve(_ place: Place) throws -> Place {
        var place = place
        var steps = 0
        while let reference = place.schema["$ref"]?.string {
            place = try find(reference, from: place.file)
            steps += 1
            if steps > 16 { throw Broken(description: "\(reference) leads in a circle") }
        }
        return place
    }

    private func find(_ reference: String, from file: String) throws -> Place {
        let parts = reference.split(separator: "#", omittingEmptySubsequences: false).map(String.init)
        let target = parts[0].isEmpty ? file : String(parts[0].split(separator: "/").last ?? "")
        guard var schema = files[target], parts.count == 2 else {
            throw Broken(description: "\(reference), referred to in \(file), is not among the files")
        }
        for step in parts[1].split(separator: "/") {
            guard let next = schema[String(step)] else { throw Broken(description: "\(reference) does not exist") }
            schema = next
        }
        return Place(file: target, schema: schema)
    }

    /// JSON as a CBOR value.
    static func value(_ json: Any) throws -> CBOR.Value {
        switch json {
        case let text as String: return .text(text)
        case let items as [Any]: return .array(try items.map(value))
        case let members as [String: Any]:
            return .map(CBOR.Map(try members.map { (key: .text($0.key), value: try value($0.value)) }))
        case is NSNull: return .null
        case let number as NSNumber:
            // JSONSerialization makes the number of `true` one of a C char.
            if String(cString: number.objCType) == "c" { return .boolean(number.boolValue) }
            if let whole = Int(exactly: number.doubleValue), String(cString: number.objCType) != "d" {
                return .int(whole)
            }
            return .double(number.doubleValue)
        default: throw Broken(description: "no JSON: \(json)")
        }
    }
}
