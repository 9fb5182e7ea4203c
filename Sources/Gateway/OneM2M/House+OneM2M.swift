import OneLoop
import OneM2MDoor

extension House {
    /// Opens the oneM2M door where it is enabled; what stands in the way is a degraded part.
    func startOneM2M() async {
        guard configuration.oneM2M.isEnabled else { return }
        let floor = floor
        let house = OneM2MHouse(configuration.oneM2M, store: store, log: oneM2MLog) {
            max(wallMicroseconds(), floor.seconds * 1_000_000)
        }
        oneM2M = house
        await house.startTokens(configuration.tokens, store: store, log: oneM2MLog)
        house.start(concentrator, history: configuration.oneM2M.history)
    }
}
