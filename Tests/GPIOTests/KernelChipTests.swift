import Testing

@testable import GPIO

/// What can be held without a chip; the rest is tried on a kernel that has one.
@Suite struct KernelChipTests {
    @Test(arguments: [
        ChipSelector.path("/dev/null"), .path("/nowhere/gpiochip0"), .path("/dev"), .label("no such label"),
        .name("gpiochip4095"), .first([.path("/nowhere"), .label("no such label")]), .first([]),
    ])
    func noChip(_ selector: ChipSelector) {
        #expect { _ = try KernelChip.open(selector) } throws: { error in
            let error = error as? GPIOError
            return error?.code == .chipNotFound && error?.reason.isEmpty == false
        }
    }

    @Test func theLibraryHasAVersion() {
        #expect(KernelChip.libraryVersion.split(separator: ".").count >= 2)
    }

    @Test func errorsHaveTexts() {
        #expect(errorText(16) == "Device or resource busy")
        #expect(!errorText(-1).isEmpty)
    }

    @Test func namesEndAtTheirTerminator() {
        #expect(string((UInt8(65), UInt8(66), UInt8(0), UInt8(67))) == "AB")
        #expect(string((UInt8(65), UInt8(66))) == "AB")
    }

    @Test func durations() {
        #expect(Duration.milliseconds(30).wholeNanoseconds == 30_000_000)
        #expect(Duration.seconds(-1).wholeNanoseconds == 0)
        #expect(InputConfiguration(debounce: .seconds(5)).debounce == .seconds(1))
        #expect(InputConfiguration(debounce: .seconds(-5)).debounce == .zero)
    }
}
