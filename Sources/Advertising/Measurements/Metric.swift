/// What a sensor can say: one case for each pair of a name and a unit in the formats' reference readers.
///
/// Two formats that name the same quantity differently have a case each (`temperature`, `tempc`): a reading is reported
/// under the name its own format gives it, while ``MetricDefinition/title`` is what all of them are called in the house.
/// A new quantity is one case here and one line in ``definition``.
public enum Metric: UInt16, Sendable, CaseIterable {
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
    // Xiaomi
    case formaldehyde, consumable, counter, keyID, lockMethod, score, durationDetected, durationCleared, impedance
    case impedanceLow, impedanceHigh, heartRate, profileID, pressurePresentDuration, pressureNotPresentDuration
    case chargingState, massNonStabilized, binaryArmed, binaryAsleep, binaryDeviceForciblyRemoved
    case binaryDoorLeftOpen, binaryDoorStuck, binaryFingerprint, binaryKnockOnTheDoor, binaryPryTheDoor
    case binaryStabilized, binaryToothbrush, binaryWearing, binaryAntilock, binaryChildlock, binaryBottomSubmersion
    case binaryTopSplash, eventMotion, eventFingerprint, eventLock, eventCube, eventError
    // Govee
    case temperatureProbe, temperatureAlarmProbe, lowTemperatureAlarmProbe, humidityProbe, eventVibration
    // Beacons
    case beaconUUID, beaconMajor, beaconMinor, beaconPower, eddystonePower, eddystoneNamespace, eddystoneInstance
    case eddystoneURL, eddystoneVoltage, advertisingCount, uptime
    // SwitchBot
    case tested, motionDetected, contactOpen, contactTimeout, isLight, buttonCount, switchMode, isOn, led, iot
    case senseDistance, lightIntensity, switchbotSequence, switchbotSequence2, brightness, delay, networkState
    case colorMode, preset, fanSpeed, loopIndex, colorTemperature, calibration, inMotion, position
    case switchbotLightLevel, deviceChain, temperatureC, temperatureF, fahrenheitDisplay, switchbotCO2
    case switchbotIlluminance, wifiStrength, switchbotPower, humidifierLevel, mode, overHumidifyProtection
    case childLock, tankRemoved, tiltedAlert, filterMissing, isMeterBound, waterLevel, filterRunTime, filterAlert
    case targetHumidity, lockStatus, updateFromSecondaryLock, doorOpenFromSecondaryLock, doorOpen, autoLockPaused
    case doubleLockMode, isSecondaryLock, manualUnlockLinkage, unclosedAlarm, unlockedAlarm, nightLatch
    case lowTemperatureAlarm, leftBatteryAlarm, rightBatteryAlarm, powerAlarm, batteryStatus, tilt, leak, tampered
    case lowBattery, attemptState, charging, nightLight, oscillating, oscillatingHorizontal, oscillatingVertical
    case nightLightIsOn, nightLightLevel, socVersion, step, mqttConnected, workStatus, dustbinBound
    case dustbinConnected, networkConnected, isAqiValid, aqiLevel, filterWorkingTime, errorCode, sensorInserted
    case temperatureAlarm, humidityAlarm, tempAlarm, onKeyState, offKeyState, onKeyMode, onKeyCounter, offKeyMode
    case offKeyCounter, mainIsOn, mainBrightness, adaptiveState, batteryRange, presenceDuration, triggerFlag
    case ledState, batteryCharging, imageIndex, displaySize, displayMode, lastNetworkStatus, lockoutAlarm
    case tamperAlarm, duressAlarm, lowTemperature, highTemperature, doorbell, doorbellSequence, pirLevel, radarLevel
    case radarDistance, targetTemperature, lastMode, needUpdateTemperature, restarted, faultCode, switchMode1
    case sequence1, isOn1, power1, switchMode2, sequence2, isOn2, power2
}
