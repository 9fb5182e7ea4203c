import BLENodes
import BluetoothLE
import FlashStore
import GATT
import Logging
import OneLoop

/// Connections to Bluetooth devices through the kernel, and the bonds that secure them.
@Loop
final class BluetoothLinks {
    let central: GATTCentral
    let bonds: BondKeeper
    private let channel: ManagementChannel?
    private let log: Logger
    private var tasks: [Task<Void, Never>] = []
    /// Why devices cannot be paired; nil when they can.
    private let channelTrouble: String?

    /// Links over whatever adapter the kernel chooses.
    init(_ ble: Configuration.BLE, store: FlashStore, log: Logger) {
        self.log = log
        var rules = ConnectionSchedule.Rules()
        rules.slots = ble.connections
        central = GATTCentral(connector: L2CAPConnector(), rules: rules, log: log)
        do throws(RadioError) {
            let channel = try ManagementChannel.open()
            self.channel = channel
            channelTrouble = nil
            bonds = BondKeeper(store: store, log: log) { command throws(RadioError) in
                try await channel.request(command)
            }
        } catch {
            let reason = error.reason
            channel = nil
            channelTrouble = "devices cannot be paired: \(reason)"
            bonds = BondKeeper(store: store, log: log) { _ throws(RadioError) in throw RadioError(.noBluetooth, reason)
            }
        }
    }

    /// Gives the kernel the bonds and listens to it.
    func start() {
        guard let channel else { return }
        tasks.append(
            Task { [weak self] in
                for await event in channel.events() { await self?.handle(event) }
            })
        tasks.append(
            Task { [weak self] in
                do throws(RadioError) {
                    let adapters = ManagementReply.indexList(try await channel.request(.readIndexList)) ?? []
                    for adapter in adapters { await self?.bonds.add(adapter) }
                } catch {
                    self?.log.warning("the adapters cannot be listed: \(error.reason)")
                }
            })
    }

    private func handle(_ event: ManagementEvent) async {
        switch event.kind {
        case .indexAdded: await bonds.add(event.adapter)
        case .indexRemoved: bonds.remove(event.adapter)
        default: bonds.handle(event)
        }
    }

    /// What is wrong, for the status.
    var trouble: String? { channelTrouble ?? bonds.trouble }

    /// Ends all connections.
    func stop() {
        for task in tasks { task.cancel() }
        central.stop()
        channel?.close()
    }
}
