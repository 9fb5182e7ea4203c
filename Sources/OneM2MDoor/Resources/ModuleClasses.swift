/// A specialisation of `<flexContainer>`: a module class of TS-0023, or one of this program's own.
public struct ModuleClass: Sendable, Hashable {
    /// What stands at the root of a representation: `cod:tempe`.
    public let shortName: String
    /// The container definition: `org.onem2m.common.moduleclass.temperature`.
    public let definition: String
    /// Its data points.
    public let attributes: [AttributeDefinition]

    init(_ shortName: String, _ name: String, _ attributes: [AttributeDefinition]) {
        self.shortName = "cod:\(shortName)"
        definition = "org.onem2m.common.moduleclass.\(name)"
        self.attributes = attributes + [AttributeDefinition("dgt", .time, .optional, .optional, .optional)]
    }

    /// The class of a container definition; nil for 4125.
    public static func named(definition: String) -> ModuleClass? { byDefinition[definition] }
    /// The class of a root name; nil when it is none.
    public static func named(shortName: String) -> ModuleClass? { all.first { $0.shortName == shortName } }

    private static let byDefinition = Dictionary(uniqueKeysWithValues: all.map { ($0.definition, $0) })

    private static func point(_ name: String, _ form: AttributeDefinition.Form, needed: Bool = false)
        -> AttributeDefinition
    {
        AttributeDefinition(name, form, needed ? .mandatory : .optional, .optional, .optional)
    }

    /// Those that nodes need, and that applications of a house use most (TS-0023 5.3.1).
    public static let all: [ModuleClass] = [
        ModuleClass(
            "tempe", "temperature",
            [
                point("curT0", .number, needed: true), point("tarTe", .number), point("unit", .integer(0...10)),
                point("minVe", .number), point("maxVe", .number), point("steVe", .number),
            ]),
        ModuleClass("relHy", "relativeHumidity", [point("relHy", .number, needed: true), point("desHy", .number)]),
        ModuleClass("binSh", "binarySwitch", [point("state", .boolean, needed: true)]),
        ModuleClass(
            "bat", "battery",
            [
                point("lvl", .integer(0...100), needed: true), point("capay", .integer(0...Int.max)),
                point("charg", .boolean), point("discg", .boolean), point("lowBy", .boolean),
                point("batTd", .integer(0...100)),
            ]),
        ModuleClass(
            "motSr", "motionSensor",
            [
                point("alarm", .boolean, needed: true), point("silTe", .integer(0...Int.max)),
                point("sensy", .integer(0...100)),
            ]),
        ModuleClass("smoSr", "smokeSensor", [point("alarm", .boolean, needed: true), point("detTe", .time)]),
        ModuleClass("watSr", "waterSensor", [point("alarm", .boolean, needed: true)]),
        ModuleClass(
            "baror", "barometer",
            [
                point("atmPe", .number, needed: true), point("alarm", .boolean), point("miPTd", .integer(0...Int.max)),
                point("maPTd", .integer(0...Int.max)),
            ]),
        ModuleClass("lock", "lock", [point("lock", .boolean, needed: true)]),
        ModuleClass("brigs", "brightness", [point("brigs", .integer(0...100), needed: true)]),
        ModuleClass("pusBn", "pushButton", [point("pushd", .boolean, needed: true)]),
        ModuleClass("opeLl", "openLevel", [point("opeLl", .integer(0...100), needed: true)]),
        ModuleClass(
            "aiQSr", "airQualitySensor",
            [
                point("pm1", .integer(0...Int.max)), point("pm25", .integer(0...Int.max)),
                point("pm10", .integer(0...Int.max)),
                point("co", .number), point("co2", .number), point("ch2o", .number), point("voc", .number),
                point("no2", .number), point("so2", .number), point("o3", .number), point("noise", .number),
            ]),
        ModuleClass(
            "numVe", "numberValue",
            [
                point("numVe", .number, needed: true), point("minVe", .number), point("maxVe", .number),
                point("defVe", .number), point("step", .number),
            ]),
        ModuleClass(
            "texMe", "textMessage",
            [
                point("texMe", .text, needed: true), point("suMVs", .list), point("minLh", .integer(0...Int.max)),
                point("maxLh", .integer(0...Int.max)),
            ]),
    ]
}
