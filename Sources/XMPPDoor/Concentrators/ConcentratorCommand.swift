/// The commands of XEP-0326, by their elements.
public enum ConcentratorCommand: String, Sendable, Hashable, CaseIterable {
    case getCapabilities, getAllDataSources, getRootDataSources, getChildDataSources
    case containsNode, containsNodes, getNode, getNodes, getAllNodes, getNodeInheritance
    case getRootNodes, getChildNodes, getAncestors
    case getIndices, getNodesFromIndex, getNodesFromIndices, getAllIndexValues
    case getNodeParametersForEdit, setNodeParametersAfterEdit
    case getCommonNodeParametersForEdit, setCommonNodeParametersAfterEdit
    case getAddableNodeTypes, getParametersForNewNode, createNewNode, destroyNode
    case getNodeCommands, getCommandParameters, executeNodeCommand, executeNodeQuery, abortNodeQuery
    case getCommonNodeCommands, getCommonCommandParameters, executeCommonNodeCommand, executeCommonNodeQuery
    case abortCommonNodeQuery
    case moveNodeUp, moveNodeDown, moveNodesUp, moveNodesDown
    case subscribe, unsubscribe
    case getDatabases, getDatabaseReadoutParameters, startDatabaseReadout

    /// The element that answers it.
    public var response: String { rawValue + "Response" }

    /// Whether it changes something, and so comes in an iq of the type set.
    public var isChange: Bool {
        switch self {
        case .setNodeParametersAfterEdit, .setCommonNodeParametersAfterEdit, .createNewNode, .destroyNode,
            .executeNodeCommand, .executeNodeQuery, .abortNodeQuery, .executeCommonNodeCommand,
            .executeCommonNodeQuery, .abortCommonNodeQuery, .moveNodeUp, .moveNodeDown, .moveNodesUp, .moveNodesDown,
            .subscribe, .unsubscribe, .startDatabaseReadout:
            true
        default: false
        }
    }

    /// Whether it is for those who may administer.
    var isAdministration: Bool {
        switch self {
        case .getNodeParametersForEdit, .setNodeParametersAfterEdit, .getCommonNodeParametersForEdit,
            .setCommonNodeParametersAfterEdit, .getAddableNodeTypes, .getParametersForNewNode, .createNewNode,
            .destroyNode, .getCommandParameters, .executeNodeCommand, .getCommonCommandParameters,
            .executeCommonNodeCommand, .moveNodeUp, .moveNodeDown, .moveNodesUp, .moveNodesDown:
            true
        default: false
        }
    }

    /// Whether the gateway does it. It keeps no database.
    public var isSupported: Bool {
        switch self {
        case .getDatabases, .getDatabaseReadoutParameters, .startDatabaseReadout: false
        default: true
        }
    }

    /// Which parts of a request it cannot do without.
    var needs: Set<ConcentratorRequest.Part> {
        switch self {
        case .getCapabilities, .getAllDataSources, .getRootDataSources, .getNodesFromIndices, .getDatabases: []
        case .getChildDataSources, .getAllNodes, .getRootNodes, .getIndices, .subscribe, .unsubscribe: [.source]
        case .getNodesFromIndex: [.source, .index, .indexValue]
        case .getAllIndexValues: [.source, .index]
        case .containsNode, .getNode, .getNodeInheritance, .getChildNodes, .getAncestors, .getNodeParametersForEdit,
            .getAddableNodeTypes, .destroyNode, .getNodeCommands, .moveNodeUp, .moveNodeDown:
            [.node]
        case .setNodeParametersAfterEdit: [.node, .form]
        case .getParametersForNewNode: [.node, .type]
        case .createNewNode: [.node, .type, .form]
        case .getCommandParameters, .executeNodeCommand, .executeNodeQuery: [.node, .command]
        case .abortNodeQuery: [.node, .query]
        case .containsNodes, .getNodes, .getCommonNodeParametersForEdit, .getCommonNodeCommands, .moveNodesUp,
            .moveNodesDown:
            [.nodes]
        case .setCommonNodeParametersAfterEdit: [.nodes, .form]
        case .getCommonCommandParameters, .executeCommonNodeCommand, .executeCommonNodeQuery: [.nodes, .command]
        case .abortCommonNodeQuery: [.nodes, .query]
        case .getDatabaseReadoutParameters: [.database]
        case .startDatabaseReadout: [.database, .nodes, .form]
        }
    }
}

/// How a command went (XEP-0326 table 2).
public enum ResponseCode: String, Sendable, Hashable, CaseIterable {
    /// Done.
    case ok = "OK"
    /// No such source, node, type, command or query.
    case notFound = "NotFound"
    /// Not allowed.
    case insufficientPrivileges = "InsufficientPrivileges"
    /// Not now.
    case locked = "Locked"
    /// Not here.
    case notImplemented = "NotImplemented"
    /// What was filled in does not do.
    case formError = "FormError"
    /// Anything else.
    case otherError = "OtherError"
}
