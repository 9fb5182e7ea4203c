/// Questions to a name server for service records, and its answers (RFC 1035 4, RFC 2782).
enum DNSMessage {
    /// A service record.
    struct Service: Sendable, Hashable {
        let priority: UInt16
        let weight: UInt16
        let port: UInt16
        /// Without a final dot; "" says that the service is not there (RFC 2782).
        let target: String
    }

    /// What a name server says.
    struct Answer: Sendable, Hashable {
        let id: UInt16
        /// 0 for good, 3 for a name that does not exist (RFC 1035 4.1.1).
        let code: UInt8
        let question: String
        let services: [Service]
    }

    private static let serviceType: UInt16 = 33
    private static let internetClass: UInt16 = 1
    /// RFC 1035 2.3.4.
    private static let maximumNameLength = 255
    private static let maximumLabelLength = 63
    /// A chain of pointers in one name: legitimate ones have one or two.
    private static let maximumPointers = 16
    /// More records than any domain has; what is beyond is not looked at.
    private static let maximumRecords = 64

    /// A question for the service records of a name; nil when it is none that DNS can have.
    static func query(_ name: String, id: UInt16) -> [UInt8]? {
        // Recursion is desired; one question.
        var bytes = [UInt8(id >> 8), UInt8(id & 0xFF), 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0]
        guard name.utf8.count < maximumNameLength else { return nil }
        for label in name.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false) {
            guard (1...maximumLabelLength).contains(label.count) else { return nil }
            bytes.append(UInt8(label.count))
            bytes.append(contentsOf: label)
        }
        return bytes + [0, UInt8(serviceType >> 8), UInt8(serviceType & 0xFF), 0, UInt8(internetClass)]
    }

    /// Reads an answer; nil when it is none.
    static func answer(_ bytes: [UInt8]) -> Answer? {
        var reader = Reader(bytes: bytes)
        guard let id = reader.word(), let flags = reader.word(), flags & 0x8000 != 0, reader.word() == 1,
            let count = reader.word(), reader.word() != nil, reader.word() != nil, let question = reader.name(),
            reader.word() == serviceType, reader.word() == internetClass
        else { return nil }
        var services: [Service] = []
        for _ in 0..<min(Int(count), maximumRecords) {
            // A truncated answer (TC) gives what is whole of it.
            guard reader.name() != nil, let type = reader.word(), let kind = reader.word(), reader.skip(4),
                let length = reader.word()
            else { break }
            let end = reader.offset + Int(length)
            guard end <= bytes.count else { break }
            if type == serviceType, kind == internetClass, let priority = reader.word(), let weight = reader.word(),
                let port = reader.word(), let target = reader.name(), reader.offset <= end
            {
                services.append(Service(priority: priority, weight: weight, port: port, target: target))
            }
            reader.offset = end
        }
        return Answer(id: id, code: UInt8(flags & 0x0F), question: question, services: services)
    }

    private struct Reader {
        let bytes: [UInt8]
        var offset = 0

        mutating func word() -> UInt16? {
            guard offset + 2 <= bytes.count else { return nil }
            defer { offset += 2 }
            return UInt16(bytes[offset]) << 8 | UInt16(bytes[offset + 1])
        }

        mutating func skip(_ count: Int) -> Bool {
            guard offset + count <= bytes.count else { return false }
            offset += count
            return true
        }

        /// A name, in lower case; follows pointers (RFC 1035 4.1.4), a bounded number of them.
        mutating func name() -> String? {
            var name: [UInt8] = []
            var position = offset
            var pointers = 0
            while true {
                guard position < bytes.count else { return nil }
                let length = Int(bytes[position])
                switch length {
                case 0:
                    if pointers == 0 { offset = position + 1 }
                    return String(validating: name, as: UTF8.self)?.lowercased()
                case 1...DNSMessage.maximumLabelLength:
                    guard position + 1 + length <= bytes.count else { return nil }
                    if !name.isEmpty { name.append(UInt8(ascii: ".")) }
                    name.append(contentsOf: bytes[(position + 1)...(position + length)])
                    guard name.count < DNSMessage.maximumNameLength else { return nil }
                    position += 1 + length
                case 0xC0...:
                    guard position + 1 < bytes.count, pointers < DNSMessage.maximumPointers else { return nil }
                    if pointers == 0 { offset = position + 2 }
                    pointers += 1
                    position = (length & 0x3F) << 8 | Int(bytes[position + 1])
                default: return nil
                }
            }
        }
    }
}

extension [DNSMessage.Service] {
    /// In the order they are to be tried in (RFC 2782): by priority, within one by chance in proportion to the weights.
    func ordered(using generator: inout some RandomNumberGenerator) -> [DNSMessage.Service] {
        var result: [DNSMessage.Service] = []
        for priority in Set(map(\.priority)).sorted() {
            // Those of weight 0 first, so that they have a small chance beside heavier ones.
            var rest = filter { $0.priority == priority }.sorted { $0.weight < $1.weight }
            while !rest.isEmpty {
                let sum = rest.reduce(0) { $0 + Int($1.weight) }
                let chosen = Int.random(in: 0...sum, using: &generator)
                var running = 0
                let index = rest.firstIndex { service in
                    running += Int(service.weight)
                    return running >= chosen
                }
                result.append(rest.remove(at: index ?? 0))
            }
        }
        return result
    }
}
