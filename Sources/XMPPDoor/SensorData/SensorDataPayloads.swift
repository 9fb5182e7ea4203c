import Concentrator
import XMPP

/// The answers of XEP-0323 as elements.
public enum SensorDataPayloads {
    private static let space = IoTNamespace.sensorData

    /// The request will be done; later, where it is queued.
    public static func accepted(_ sequence: Int32, isQueued: Bool = false) -> XMLElement {
        XMLElement("accepted", space, ["seqnr": "\(sequence)", "queued": isQueued ? "true" : nil])
    }

    /// A queued request has begun.
    public static func started(_ sequence: Int32) -> XMLElement {
        XMLElement("started", space, ["seqnr": "\(sequence)"])
    }

    /// A request was taken back.
    public static func cancelled(_ sequence: Int32) -> XMLElement {
        XMLElement("cancelled", space, ["seqnr": "\(sequence)"])
    }

    /// XEP-0323 0.2 and before: a request is not done. Newer peers look at the stanza error beside it.
    public static func rejected(_ sequence: Int32, _ reason: String) -> XMLElement {
        XMLElement(
            "rejected", space, ["seqnr": "\(sequence)"], children: [XMLElement("error", space, text: reason)])
    }

    /// Readings of nodes; `isDone` on the last element of a read-out.
    public static func fields(_ sequence: Int32, _ nodes: [XMLElement], isDone: Bool = false) -> XMLElement {
        XMLElement("fields", space, ["seqnr": "\(sequence)", "done": isDone ? "true" : nil], children: nodes)
    }

    /// Nodes that could not be read, and why.
    public static func failure(
        _ sequence: Int32, _ failures: [(node: NodeID, reason: String)], at time: WallTime, isDone: Bool = false
    ) -> XMLElement {
        let errors = failures.map { failure in
            var error = XMLElement("error", space, ["timestamp": time.iso8601], text: failure.reason)
            failure.node.set(on: &error)
            return error
        }
        return XMLElement("failure", space, ["seqnr": "\(sequence)", "done": isDone ? "true" : nil], children: errors)
    }

    /// One node's readings, those of one moment together.
    ///
    /// - Parameter writable: names of control parameters: a field of such a name can be set by XEP-0325.
    public static func node(_ id: NodeID, _ fields: [Field], writable: Set<String>) -> XMLElement {
        var order: [WallTime] = []
        var groups: [WallTime: [XMLElement]] = [:]
        for field in fields {
            if groups[field.timestamp] == nil { order.append(field.timestamp) }
            groups[field.timestamp, default: []].append(value(field, isWritable: writable.contains(field.name)))
        }
        var node = XMLElement(
            "node", space,
            children: order.map { time in
                XMLElement("timestamp", space, ["value": time.iso8601], children: groups[time] ?? [])
            })
        id.set(on: &node)
        return node
    }

    /// One reading. Numbers are always `numeric`, with an empty unit where there is none, since peers of 2013 know no
    /// `int` and the schema demands a unit.
    static func value(_ field: Field, isWritable: Bool) -> XMLElement {
        var element: XMLElement
        switch field.value {
        case .number(let quantity):
            element = XMLElement("numeric", space, ["value": quantity.description, "unit": field.unit ?? ""])
        case .boolean(let flag): element = XMLElement("boolean", space, ["value": "\(flag)"])
        case .text(let text): element = XMLElement("string", space, ["value": text])
        case .timestamp(let time): element = XMLElement("dateTime", space, ["value": time.iso8601])
        }
        element["name"] = field.name
        field.flags.set(on: &element)
        // Without any mark a value counts as read by the device.
        if field.quality != .automaticReadout { element[field.quality.name] = "true" }
        element["writable"] = isWritable ? "true" : "false"
        return element
    }

    /// About how many bytes a reading takes on the wire.
    static func size(of field: Field) -> Int {
        let value =
            switch field.value {
            case .number, .boolean: 12
            case .text(let text): text.utf8.count
            case .timestamp: 24
            }
        return 80 + field.name.utf8.count + value + (field.unit?.utf8.count ?? 0)
    }
}
