import Testing

@testable import GPIO

@Suite struct SelectorTests {
    static let header = ChipInfo(path: "/dev/gpiochip10", name: "gpiochip10", label: "pinctrl-rp1", lineCount: 54)
    static let soc = ChipInfo(
        path: "/dev/gpiochip0", name: "gpiochip0", label: "gpio-brcmstb@107d508500", lineCount: 32)
    static let twin = ChipInfo(path: "/dev/gpiochip11", name: "gpiochip11", label: "pinctrl-rp1", lineCount: 54)

    @Test(arguments: [
        ("pinctrl-rp1", ChipSelector.label("pinctrl-rp1")), ("gpiochip4", .name("gpiochip4")),
        ("gpiochip", .label("gpiochip")), ("gpiochipX", .label("gpiochipX")),
        ("/dev/gpiochip0", .path("/dev/gpiochip0")),
    ])
    func words(_ text: String, _ selector: ChipSelector) {
        #expect(ChipSelector(text) == selector)
    }

    @Test func lists() {
        #expect(ChipSelector(["a"]) == .label("a"))
        #expect(ChipSelector(["a", "/dev/x"]) == .first([.label("a"), .path("/dev/x")]))
    }

    @Test(arguments: [
        (ChipSelector.label("pinctrl-rp1"), header), (.name("gpiochip0"), soc), (.path("/dev/gpiochip0"), soc),
        (.raspberryPi, header), (.first([.label("none"), .name("gpiochip0"), .label("pinctrl-rp1")]), soc),
    ])
    func chooses(_ selector: ChipSelector, _ chip: ChipInfo) throws {
        #expect(try selector.choose(among: [Self.soc, Self.header]) == chip)
    }

    @Test func aMissingChipListsThoseThere() {
        #expect {
            _ = try ChipSelector.raspberryPi.choose(among: [Self.soc])
        } throws: { error in
            let error = error as? GPIOError
            return error?.code == .chipNotFound
                && error?.reason.contains("gpiochip0 \"gpio-brcmstb@107d508500\"") == true
                && error?.reason.contains("pinctrl-bcm2711") == true
        }
        #expect { _ = try ChipSelector.label("x").choose(among: []) } throws: {
            ($0 as? GPIOError)?.reason == "no GPIO chip labelled x; there is no chip at all"
        }
    }

    @Test func twoOfALabelAreAmbiguous() {
        #expect { _ = try ChipSelector.raspberryPi.choose(among: [Self.header, Self.twin]) } throws: {
            ($0 as? GPIOError)?.code == .chipAmbiguous
        }
    }

    static let lines = [
        LineInfo(offset: 0, name: "ID_SDA"), LineInfo(offset: 4, name: "GPIO_GCLK"),
        LineInfo(offset: 17, name: "GPIO17"),
        LineInfo(offset: 18, name: "-"), LineInfo(offset: 19, name: "-"), LineInfo(offset: 20, name: ""),
        // A name that is another's number: names win.
        LineInfo(offset: 21, name: "GPIO4"),
    ]

    @Test(arguments: [
        ("GPIO17", UInt32(17)), ("ID_SDA", 0), ("4", 4), ("GPIO4", 21), ("GPIO0", 0), ("GPIO20", 20), ("GPIO018", 18),
    ])
    func lines(_ text: String, _ offset: UInt32) throws {
        #expect(try LineSelector(text).choose(among: Self.lines, of: Self.header).offset == offset)
    }

    @Test(arguments: [
        ("-", GPIOError.Code.lineAmbiguous), ("GPIO99", .lineNotFound), ("54", .lineNotFound), ("", .lineNotFound),
        ("gpio17", .lineNotFound), ("99999999999", .lineNotFound),
    ])
    func linesThatAreNot(_ text: String, _ code: GPIOError.Code) {
        #expect { _ = try LineSelector(text).choose(among: Self.lines, of: Self.header) } throws: {
            ($0 as? GPIOError)?.code == code
        }
    }
}
