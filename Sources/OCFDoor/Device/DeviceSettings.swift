/// What the configuration says about the device and its platform.
public struct DeviceSettings: Sendable, Hashable {
    /// What `/oic/mnt` may do when the cloud asks.
    public enum CloudMaintenance: Sendable, Hashable {
        /// Nothing.
        case none
        /// Restart. The default: a factory reset takes the trust away that a hand on the box has given, and gives whoever
        /// stands before a locked box the chance to pair anew; that hand should do it.
        case reboot
        /// Restart and factory reset.
        case all
    }

    /// `n` until `/oic/con` is given another; at most 64 characters.
    public var name = "Gatehouse"
    /// The device type beside `oic.wk.d`: a sensor is the type with the fewest demands, any resource with `oic.if.s`.
    public var deviceType = "oic.d.sensor"
    /// `mnmn`, at most 64 characters.
    public var manufacturer = "Gatehouse"
    /// `mnmo` and `dmno`, at most 64 characters.
    public var model: String?
    /// `sv` and `mnfv`, at most 64 characters.
    public var softwareVersion: String?
    /// `mnos`, at most 64 characters.
    public var systemVersion: String?
    /// `mnhw`, at most 64 characters.
    public var hardwareVersion: String?
    /// `mnsel`, at most 64 characters.
    public var serialNumber: String?
    /// What the cloud may do through `/oic/mnt`.
    public var cloudMaintenance = CloudMaintenance.reboot

    /// The settings of a device that is told nothing.
    public init() {}

    /// `icv`: the OCF version whose requirements the device meets.
    static let coreVersion = "ocf.2.2.5"
    /// `dmv`: the versions of the resource and device data models.
    static let dataModelVersion = "ocf.res.1.3.0,ocf.sh.1.3.0"
}
