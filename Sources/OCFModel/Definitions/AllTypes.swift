extension ResourceTypeDefinition {
    /// The core's resource types.
    public static let core: [ResourceTypeDefinition] = [
        device, platform, introspection, configuration, maintenance, coapCloudConf,
    ]

    /// The standard types of sensors and actuators; one type stands here once for each way it is used.
    public static let standard: [ResourceTypeDefinition] = [
        temperature, temperatureSetting, humidity, atmosphericPressure, illuminance, carbonDioxide, carbonMonoxide,
        smoke, water, genericSensor, contact, motion, presence, glassBreak, touch, button, measurement,
        energyConsumption, signalStrength, airQuality, acceleration, speed, ultraviolet, weight, timeStamp, battery,
        binarySwitch, dimming, openLevel, colourTemperature, lockStatus,
    ]

    /// The types of our own, for what the standard ones have no place for.
    public static let own: [ResourceTypeDefinition] = [textValue, textSetting, numberSetting]
}
