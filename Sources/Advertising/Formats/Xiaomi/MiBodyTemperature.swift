import Glibc

extension MiObject {
    /// A thermometer under the arm sends two temperatures, of the skin and of itself; the body's comes from both by a
    /// formula that somebody fitted to Xiaomi's application between 36.5 and 37.8 °C (xiaomi-ble, object 0x2000).
    static func readBodyTemperature(_ data: Span<UInt8>, _ list: inout MeasurementList) {
        guard data.count == 5 else { return }
        let skin = Double(signed(data.little(0, 2), 2)) / 100
        let device = Double(signed(data.little(2, 2), 2)) / 100
        let body = 3.71934e-11 * exp(0.69314 * skin) - 1.02801e-8 * exp(0.53871 * device) + 36.413
        guard body.isFinite, body.magnitude < 1e9 else { return }
        list.append(Measurement(.temperature, .real(body)))
        list.append(.battery, Int64(data[4]), decimals: 0)
    }
}
