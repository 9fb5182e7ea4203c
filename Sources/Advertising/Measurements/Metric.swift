/// What a sensor can say: one case for each pair of a name and a unit in the formats' reference readers.
///
/// Two formats that name the same quantity differently have a case each (`temperature`, `tempc`): a reading is reported
/// under the name its own format gives it, while ``MetricDefinition/title`` is what all of them are called in the house.
/// A new quantity is one case here and one line in ``definition``.
public enum Metric: UInt8, Sendable, CaseIterable {
    // BTHome v2, readings
    case packetID, battery, temperature, humidity, pressureMillibar, illuminance, massKilograms, massPounds
    case dewPoint, count, energy, power, voltage, pm25, pm10, carbonDioxide, volatileOrganicCompounds
    case moisture, rotation, distanceMillimetres, distanceMetres, duration, current, speed, uvIndex
    case volumeLitres, volumeMillilitres, volumeFlowRate, gas, water, timestamp, acceleration, gyroscope
    case text, raw, volumeStorage, conductivity, direction, precipitation, channel, rotationalSpeed
    case lightLevel, settingsRevision
    // BTHome v2, yes or no
    case binaryGeneric, binaryPower, binaryOpening, binaryBattery, binaryBatteryCharging
    case binaryCarbonMonoxide, binaryCold, binaryConnectivity, binaryDoor, binaryGarageDoor, binaryGas
    case binaryHeat, binaryLight, binaryLock, binaryMoisture, binaryMotion, binaryMoving, binaryOccupancy
    case binaryPlug, binaryPresence, binaryProblem, binaryRunning, binarySafety, binarySmoke, binarySound
    case binaryTamper, binaryVibration, binaryWindow
    // BTHome v2, things that happen
    case eventButton, eventCommand, eventDimmer
    // Ruuvi
    case ruuviFormat, pressure, accelerationMilliG, accelerationX, accelerationY, accelerationZ
    case transmitPower, batteryMillivolts, movementCounter, sequenceNumber, address, pm1, pm2_5, pm4, pm_10
    case co2, vocIndex, noxIndex, luminosity, calibrating
    // ATC and pvvx
    case tempc, hum, batt, volt
}
