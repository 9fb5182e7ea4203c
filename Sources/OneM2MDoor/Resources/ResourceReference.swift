import OneM2MPrimitives

/// `docs/onem2m-resources.md`, made from the table of types so that it cannot differ from it.
public enum ResourceReference {
    /// The page.
    public static var markdown: String {
        var text = """
            # oneM2M resource types

            What the CSE of the gateway has of each resource type: operations, children, attributes. What does not stand here is
            refused: a type with 5001 NOT_IMPLEMENTED, an attribute with 4000 BAD_REQUEST, an operation with 4005
            OPERATION_NOT_ALLOWED. This page is made by `gatehouse reference onem2m` from the table that the procedures work by
            (`Sources/OneM2MDoor/Resources/ResourceTable.swift`); a test holds that it is current.

            Every type has `ri`, `rn`, `pi`, `ty`, `ct` and `lt`; `rn` may be given on CREATE, the others the CSE sets. The columns
            say whether a request must (M), may (O) or must not (NP) carry an attribute, and whether an announced resource has it
            always (MA), when `aa` names it (OA) or never (NA).

            | type | short name | clause | here | CREATE | RETRIEVE | UPDATE | DELETE | virtual below |
            |---|---|---|---|---|---|---|---|---|

            """
        for definition in ResourceTable.all {
            func mark(_ operation: OperationSet) -> String { definition.operations.contains(operation) ? "yes" : "no" }
            let virtual = definition.virtualChildren.map { "`\($0)`" }.joined(separator: " ")
            text +=
                "| \(definition.title) (\(definition.type.rawValue)) | `\(shortName(definition))` | \(definition.clause) | yes | "
                + "\(mark(.create)) | \(mark(.retrieve)) | \(mark(.update)) | \(mark(.delete)) | \(virtual) |\n"
        }
        for type in AbsentFeatures.types {
            text +=
                "| \(type.title) (\(type.number)) | \(type.shortName.map { "`\($0)`" } ?? "") | | no | no | no | no | no | |\n"
        }
        text += "\n\(reasons)"
        for definition in ResourceTable.all { text += section(definition) }
        text += modules
        return text
    }

    /// Why some of it is as it is.
    private static let reasons = """
        Why not:

        * A CSEBase is the gateway's own and is neither made, changed nor removed by requests (TS-0001 10.1).
        * A contentInstance never changes (TS-0001 9.6.7).
        * A request is made by the CSE for a non-blocking request; an accessToken by the issuance.
        * The virtual `atis` (accessTokenIssuing, type 32002) takes CREATE alone; `la` and `ol` take RETRIEVE and DELETE; `fopt`
          takes every operation and passes it on; `pcu` takes RETRIEVE and NOTIFY.
        * Resources of nodes cannot be deleted: they go when the node goes. Of their flexible containers the data point of a
          parameter can be changed, nothing else.
        * An announced resource is under policies and consultations of the CSE where it is: `acpi` and `daci` of its original name
          resources that are asked nothing over there. Types that are not announced have neither `at` nor `aa`.
        * The types that are not here, and the announced kinds of others than AE, container and flexContainer, are refused with 5001;
          those that only an infrastructure node has (19 to 22, 47, 48) with 4005.

        """

    private static func shortName(_ definition: ResourceDefinition) -> String {
        switch definition.type {
        case .flexContainer: "cod:…"
        case ResourceType.flexContainer.announced: "cod:…Annc"
        default: definition.type.shortName ?? ""
        }
    }

    private static func section(_ definition: ResourceDefinition) -> String {
        var text = "\n## \(definition.title)\n\n"
        let children = definition.children.sorted { $0.rawValue < $1.rawValue }
            .map { ResourceTable.definition($0)?.title ?? "\($0)" }
        text += "Children: \(children.isEmpty ? "none" : children.joined(separator: ", ")).\n\n"
        text += "| attribute | here | form | CREATE | UPDATE | announced |\n|---|---|---|---|---|---|\n"
        let isAnnounced = definition.common.contains(.announcement)
        for shared in ResourceDefinition.shared where definition.common.contains(shared.common) {
            text += row(shared.attribute, isAnnounced)
        }
        if definition.common.contains(.creator) {
            text += "| `cr` | yes | null, filled in by the CSE | O | NP | NA |\n"
        }
        if definition.common.contains(.stateTag) { text += "| `st` | yes | whole number | NP | NP | NA |\n" }
        for attribute in definition.attributes { text += row(attribute, isAnnounced) }
        for name in AbsentFeatures.attributes(of: definition.type) { text += "| `\(name)` | no | | | | |\n" }
        return text
    }

    private static func row(_ attribute: AttributeDefinition, _ isAnnounced: Bool) -> String {
        "| `\(attribute.name)` | yes | \(form(attribute.form)) | \(attribute.create.rawValue) | \(attribute.update.rawValue) | "
            + "\((isAnnounced ? attribute.announcement : .never).rawValue) |\n"
    }

    private static func form(_ form: AttributeDefinition.Form) -> String {
        switch form {
        case .text: "text"
        case .texts: "list of texts"
        case .integer(let range):
            range.upperBound == .max
                ? "whole number from \(range.lowerBound)" : "\(range.lowerBound) to \(range.upperBound)"
        case .integers: "list of whole numbers"
        case .number: "number"
        case .boolean: "true or false"
        case .time: "time"
        case .object: "object"
        case .list: "list"
        case .any: "anything"
        case .privileges: "rules (`acr`)"
        }
    }

    private static var modules: String {
        var text = """

            ## Module classes of flexContainer (TS-0023)

            Another container definition is refused with 4125 SPECIALIZATION_SCHEMA_NOT_FOUND.

            | root | `cnd` | data points (M: must be given on CREATE) |
            |---|---|---|

            """
        for module in ModuleClass.all {
            let points = module.attributes.map { "`\($0.name)`\($0.create == .mandatory ? " M" : "")" }
            text += "| `\(module.shortName)` | `\(module.definition)` | \(points.joined(separator: ", ")) |\n"
        }
        return text
    }
}
