import Concentrator
import OneLoop
import Testing

@Loop
@Suite struct WritingTests {
    let concentrator = Concentrator()
    let driver = RecordingDriver()

    init() throws {
        for name in ["a", "b", "c"] {
            let parameters = [
                Parameter(name: "Output", kind: .boolean),
                Parameter(
                    name: "Level",
                    kind: .number(minimum: 0, maximum: Quantity(mantissa: 1000, decimals: 1), decimals: 1, unit: "%")),
                Parameter(name: "Label", kind: .text(maximumLength: 4)),
                Parameter(name: "Mode", kind: .choice(["on", "off"])),
            ]
            try concentrator.add(NodeDescription(id: gpio(name), parameters: parameters), driver: driver)
        }
    }

    private func write(_ node: String, _ parameter: String, _ value: FieldValue) -> NodeWrite {
        NodeWrite(node: gpio(node), parameter: parameter, value: value)
    }

    @Test func writesAreDoneNodeByNodeInOrder() async throws {
        try await concentrator.write([
            write("b", "Output", .boolean(true)), write("a", "Output", .boolean(false)),
            write("b", "Output", .boolean(false)), write("b", "Label", .text("x")),
        ])
        #expect(
            driver.written == [
                "gpio/b Output=true", "gpio/b Output=false", "gpio/b Label=x", "gpio/a Output=false",
            ])
    }

    nonisolated static let bad: [(String, String, FieldValue, NodeError.Code)] = [
        ("x", "Output", .boolean(true), .notFound),
        ("a", "output", .boolean(true), .unknownParameter),
        ("a", "Output", .number(1), .invalidValue),
        ("a", "Level", .boolean(true), .invalidValue),
        ("a", "Level", .number(-1), .invalidValue),
        ("a", "Level", .number(Quantity(mantissa: 10001, decimals: 2)), .invalidValue),
        ("a", "Level", .number(101), .invalidValue),
        ("a", "Level", .number(Quantity(mantissa: 155, decimals: 2)), .invalidValue),
        ("a", "Label", .text("\u{e9}\u{e9}x"), .invalidValue),
        ("a", "Label", .number(1), .invalidValue),
        ("a", "Mode", .text("On"), .invalidValue),
        ("a", "Mode", .boolean(true), .invalidValue),
    ]

    @Test(arguments: bad) func oneBadWriteStopsAll(
        _ node: String, _ parameter: String, _ value: FieldValue, _ code: NodeError.Code
    ) async {
        let error = await #expect(throws: WriteError.self) {
            try await concentrator.write([
                write("b", "Output", .boolean(true)), write(node, parameter, value), write("c", "Level", .number(50)),
            ])
        }
        #expect(error?.code == .refused)
        #expect(error?.failures.map(\.error.code) == [code])
        #expect(driver.written == [])
    }

    @Test(arguments: [
        ("Level", FieldValue.number(0)), ("Level", .number(100)),
        ("Level", .number(Quantity(mantissa: 10000, decimals: 2))),
        ("Level", .number(Quantity(mantissa: 155, decimals: 1))), ("Label", .text("\u{e9}\u{e9}")),
        ("Label", .text("")),
        ("Mode", .text("off")),
    ])
    func edgesAreTaken(_ parameter: String, _ value: FieldValue) async throws {
        try await concentrator.write([write("a", parameter, value)])
        #expect(driver.written.count == 1)
    }

    @Test func everyObjectionIsNamed() async {
        let error = await #expect(throws: WriteError.self) {
            try await concentrator.write([write("x", "Output", .boolean(true)), write("a", "Level", .number(200))])
        }
        #expect(error?.failures.count == 2)
        #expect(error?.description.contains("gpio/x") == true && error?.description.contains("1 more") == true)
    }

    @Test func aThingThatFailsStopsTheRest() async {
        driver.failing = gpio("b")
        let error = await #expect(throws: WriteError.self) {
            try await concentrator.write(["a", "b", "c"].map { write($0, "Output", .boolean(true)) })
        }
        #expect(error?.code == .interrupted(done: 1, total: 3))
        #expect(error?.failures.map(\.write.node) == [gpio("b")])
        #expect(driver.written == ["gpio/a Output=true"])
    }

    @Test func aRequestHasALimit() async {
        let writes = (0...1000).map { _ in write("a", "Output", .boolean(true)) }
        let error = await #expect(throws: WriteError.self) { try await concentrator.write(writes) }
        #expect(error?.failures.map(\.error.code) == [.full])
    }
}
