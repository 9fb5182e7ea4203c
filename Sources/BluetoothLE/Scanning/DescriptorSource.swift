/// A radio without a controller, for measurements: a descriptor that gives HCI events, one a message, as the kernel's raw
/// socket does. What comes from it takes the same way as what a ``KernelRadio`` hears.
package final class DescriptorSource: AdvertisementSource {
    /// What it is called.
    package let name = "descriptor"
    private let descriptor: Int32

    /// Takes the descriptor over.
    package init(_ descriptor: Int32) { self.descriptor = descriptor }

    /// Delivers until the other end is closed, or the task is cancelled.
    package func run(_ deliver: @escaping @Sendable (Advertisement) async -> Void) async throws {
        let queue = AdvertQueue()
        let hearing = AdapterDriver.Hearing()
        let channel = try HCIChannel(AdapterIndex(rawValue: 0), open: { [descriptor] in descriptor }) { arrival in
            switch arrival {
            case .reports(let reports): AdapterDriver.hear(reports, hearing, queue)
            case .ended: queue.end()
            default: break
            }
        }
        defer { channel.close() }
        while let batch = await queue.next() {
            for advertisement in batch { await deliver(advertisement) }
        }
        try Task.checkCancellation()
    }
}
