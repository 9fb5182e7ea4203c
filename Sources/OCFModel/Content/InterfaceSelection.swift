import CoAPMessages

extension ResourceRequest {
    /// The interface the request goes through: the one it asks for, or the resource's default, its first.
    ///
    /// An UPDATE that names none goes through the first interface that allows it; a resource whose default is a sensor's or
    /// a list's has none.
    ///
    /// - Throws: ``ResourceError``: 4.00 when the resource has not the interface asked for; 4.05 when no interface of the
    ///   resource allows the operation; 4.03 when only the one asked for does not.
    public func selectInterface(of interfaces: [Interface]) throws(ResourceError) -> Interface {
        if let interface, operation != .create, !interfaces.contains(interface) {
            let names = interfaces.map(\.rawValue).joined(separator: ", ")
            throw ResourceError(.badRequest, "if=\(interface) is not supported here; \(names) are")
        }
        switch operation {
        case .retrieve:
            guard let chosen = interface ?? interfaces.first else {
                throw ResourceError(.methodNotAllowed, "the resource has no interface to retrieve through")
            }
            guard chosen.allowsRetrieve else { throw ResourceError(.forbidden, "\(chosen) does not retrieve") }
            return chosen
        case .update:
            guard interfaces.allowUpdates else {
                throw ResourceError(.methodNotAllowed, "the resource is read-only")
            }
            guard let chosen = interface ?? interfaces.first(where: \.allowsUpdate) else {
                throw ResourceError(.methodNotAllowed, "the resource is read-only")
            }
            guard chosen.allowsUpdate else { throw ResourceError(.forbidden, "\(chosen) does not update") }
            return chosen
        case .create, .delete:
            throw ResourceError(.methodNotAllowed, "resources here are made and removed by the gateway alone")
        }
    }
}
