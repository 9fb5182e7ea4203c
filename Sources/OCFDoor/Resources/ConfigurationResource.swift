import CBOR
import CoAPMessages
import FlashStore
import OCFModel
import OneLoop

/// `/oic/con`: what people may call the device and where it stands. Kept on flash; `n` is that of `/oic/d` too.
@Loop
final class ConfigurationResource: DeviceResource {
    let href = "/oic/con"
    let policy: Link.Policy = [.discoverable, .observable]
    let isPublished = true
    let instance: Int? = CoreInstance.configuration
    var definition: ResourceTypeDefinition? { .configuration }

    /// The record on flash: a CBOR map of the properties that were set.
    static let key = "ocf/con"

    private let store: FlashStore
    private let defaultName: String
    private var stored: CBOR.Map
    private let changed: @Loop () -> Void

    init(store: FlashStore, defaultName: String, changed: @escaping @Loop () -> Void) {
        self.store = store
        self.defaultName = defaultName.limited(to: 64)
        self.changed = changed
        stored = store.get(Self.key).flatMap { try? CBOR.decode($0) }?.entries ?? [:]
    }

    /// `n`.
    var name: String { stored["n"]?.string ?? defaultName }

    /// Forgets what was set, after a reset that has taken it off the flash.
    func forget() {
        stored = [:]
        changed()
    }

    func properties() -> CBOR.Map {
        var map: CBOR.Map = ["n": .text(name)]
        for (key, value) in stored { map[key] = value }
        return map
    }

    func update(
        _ interface: Interface, _ request: ResourceRequest, by caller: Caller
    ) async throws(ResourceError) -> CBOR.Value {
        let accepted = try ResourceTypeDefinition.configuration.checkUpdate(
            request.body, current: baseline(properties()))
        if let name = accepted["n"]?.string, name.isEmpty {
            throw ResourceError(.badRequest, "n is empty; a name of 1 to 64 characters was expected")
        }
        var wanted = stored
        for (key, value) in accepted { wanted[key] = value }
        guard wanted != stored else { return try representation(through: interface) }
        // Durable first: nobody should see a name that a power cut takes back.
        do {
            try await store.put(Self.key, CBOR.encode(.map(wanted)), .now)
        } catch {
            throw ResourceError(.internalServerError, "the configuration could not be stored")
        }
        stored = wanted
        changed()
        return try representation(through: interface)
    }
}
