import Concentrator
import XMPP

/// What XEP-0326 tells of a node.
public struct NodeInformation: Sendable, Hashable {
    /// Its name.
    public var id: NodeID
    /// What people call it.
    public var displayName: String
    /// Its type, `GPIO.relay`.
    public var type: String
    /// The name it has on the thing or in the plan.
    public var localID: String?
    /// How it does.
    public var state: NodeState
    /// Whether nodes belong to it.
    public var hasChildren: Bool
    /// Whether their order means something, and can be changed.
    public var isOrdered: Bool
    /// Whether it can be read by XEP-0323.
    public var isReadable: Bool
    /// Whether it can be set by XEP-0325.
    public var isControllable: Bool
    /// Whether it has commands.
    public var hasCommands: Bool
    /// The node it belongs to.
    public var parent: NodeID?
    /// When it was last heard from.
    public var lastChanged: WallTime?
    /// Its settings and what else there is to know.
    public var parameters: [NodeSetting]
    /// What it has to say.
    public var messages: [NodeMessage]

    /// The attributes and children on an element.
    ///
    /// - Parameter withSource: events name the source, answers do not.
    func set(on element: inout XMLElement, withSource: Bool = false, parameters: Bool, messages: Bool) {
        id.set(on: &element, withSource: withSource)
        element["displayName"] = displayName
        element["nodeType"] = type
        element["localId"] = localID
        element["state"] = state.name
        element["hasChildren"] = "\(hasChildren)"
        for (name, flag) in [
            ("childrenOrdered", isOrdered), ("isReadable", isReadable), ("isControllable", isControllable),
            ("hasCommands", hasCommands),
        ] where flag { element[name] = "true" }
        element["parentId"] = parent?.nodeID
        if let parent, !parent.cacheType.isEmpty { element["parentCacheType"] = parent.cacheType }
        element["lastChanged"] = lastChanged?.iso8601
        if parameters {
            for parameter in self.parameters {
                if let child = NodeInformation.element(parameter) { element.append(child) }
            }
        }
        if messages { for message in self.messages { element.append(message.element) } }
    }

    /// A parameter as XEP-0326 types it; nil when it has no value to tell.
    private static func element(_ setting: NodeSetting) -> XMLElement? {
        guard let value = setting.value, !setting.isSecret else { return nil }
        let name: String
        switch value {
        case .boolean: name = "boolean"
        case .number(let quantity):
            if quantity.decimals > 0 {
                name = "double"
            } else {
                name = Int32(exactly: quantity.mantissa) == nil ? "long" : "int"
            }
        case .text: name = "string"
        case .timestamp: name = "dateTime"
        }
        return XMLElement(
            name, IoTNamespace.concentrators, ["id": setting.id, "name": setting.title, "value": "\(value)"])
    }

    /// By what `sortOrder` and indices compare: a value of a parameter, or one of the attributes.
    func value(of name: String) -> FieldValue? {
        switch name {
        case "nodeId": .text(id.nodeID)
        case "displayName": .text(displayName)
        case "nodeType": .text(type)
        case "localId": localID.map { .text($0) }
        case "cacheType": .text(id.cacheType)
        case "state": .number(Quantity(Int64(state.rawValue)))
        case "lastChanged": lastChanged.map { .timestamp($0) }
        default: parameters.first { ($0.id == name || $0.title == name) && !$0.isSecret }?.value
        }
    }
}

extension NodeState {
    /// As XEP-0326 writes it.
    var name: String {
        switch self {
        case .none: "None"
        case .information: "Information"
        case .warningSigned: "WarningSigned"
        case .warningUnsigned: "WarningUnsigned"
        case .errorSigned: "ErrorSigned"
        case .errorUnsigned: "ErrorUnsigned"
        }
    }
}

extension NodeMessage {
    /// A `message` of a node.
    var element: XMLElement {
        let type =
            switch kind {
            case .error: "Error"
            case .warning: "Warning"
            case .information: "Information"
            }
        return XMLElement(
            "message", IoTNamespace.concentrators,
            ["timestamp": timestamp.iso8601, "type": type, "eventId": eventID], text: text)
    }
}

extension FieldValue {
    /// Whether this stands before another in a sorted list: values of one kind by size, texts without regard to case; what
    /// is not there stands last.
    static func isBefore(_ left: FieldValue?, _ right: FieldValue?) -> Bool? {
        switch (left, right) {
        case (nil, nil): nil
        case (nil, _): false
        case (_, nil): true
        case (.number(let left)?, .number(let right)?): left.isSame(as: right) ? nil : left.isLess(than: right)
        case (.boolean(let left)?, .boolean(let right)?): left == right ? nil : !left
        case (.timestamp(let left)?, .timestamp(let right)?): left == right ? nil : left < right
        case (let left?, let right?):
            "\(left)".lowercased() == "\(right)".lowercased() ? nil : "\(left)".lowercased() < "\(right)".lowercased()
        }
    }
}
