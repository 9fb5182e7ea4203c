import OneLoop
import OneM2MDoor

extension House {
    /// Opens the oneM2M door where it is enabled; what stands in the way is a degraded part.
    func startOneM2M() async {
        guard configuration.oneM2M.isEnabled else { return }
        let floor = floor
        do throws(OneM2MSetupError) {
            let house = try OneM2MHouse(
                configuration.oneM2M, configuration.oneM2MBindings, store: store, certificates: floor.validityClock,
                log: oneM2MLog
            ) {
                max(wallMicroseconds(), floor.seconds * 1_000_000)
            }
            oneM2M = house
            await house.startTokens(configuration.tokens, store: store, log: oneM2MLog)
            await house.start(concentrator, history: configuration.oneM2M.history)
        } catch {
            missing.append(("onem2m", error.reason))
        }
    }
}
