import Foundation
import JOSE
import JSONText
import Testing

/// One compact object with its key and what comes out of it.
struct Vector: CustomTestStringConvertible {
    let name: String
    let isSigned: Bool
    let algorithm: String
    let encryption: String?
    let key: JSONWebKey?
    let compact: String
    /// The content, nil when a refusal is due.
    let content: [UInt8]?
    let refusal: JOSEError.Code?

    var testDescription: String { name }

    static func load(_ name: String) throws -> [Vector] {
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Vectors/\(name).json")
        let json = try JSON.parse(String(contentsOf: file, encoding: .utf8))
        return try #require(json.array).map { json in
            let text = json["text"]?.string.map { Array($0.utf8) }
            let encoded = (json["payload"] ?? json["plaintext"])?.string.flatMap { Base64URL.decode($0) }
            return Vector(
                name: try #require(json["name"]?.string), isSigned: json["kind"]?.string == "jws",
                algorithm: try #require(json["alg"]?.string), encryption: json["enc"]?.string,
                key: try json["key"].map { try JSONWebKey($0) }, compact: try #require(json["compact"]?.string),
                content: text ?? encoded, refusal: json["error"]?.string.flatMap(JOSEError.Code.init(rawValue:)))
        }
    }

    /// Reads the object with its own key.
    func open() throws -> [UInt8] {
        switch try CompactObject(parsing: compact) {
        case .jws(let object):
            _ = try object.algorithm()
            let key = try VerificationKey(
                try #require(key), algorithm: try #require(SignatureAlgorithm(rawValue: algorithm)))
            return try object.payload(verifiedBy: [key])
        case .jwe(let object):
            _ = try object.algorithms()
            let key = try DecryptionKey(
                try #require(key), algorithm: try #require(KeyManagement(rawValue: algorithm)))
            return try object.decrypt(with: [key]).plaintext
        }
    }
}
