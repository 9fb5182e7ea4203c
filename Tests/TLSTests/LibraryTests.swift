import CMbedTLS
import Foundation
import Testing

@testable import TLS

@Suite struct LibraryTests {
    /// Headers and library are of one series, and of the one the caller wants to try.
    @Test func version() {
        let version = gh_library_version()
        let text = "\(version >> 24).\(version >> 16 & 0xFF)"
        #expect(["2.28", "3.6"].contains(text))
        #expect(gh_header_version() >> 16 == version >> 16, "headers and library of two series")
        if let expected = ProcessInfo.processInfo.environment["GATEHOUSE_EXPECTED_MBEDTLS"] {
            #expect(text == expected)
        }
    }

    /// Configurations are shared among threads.
    @Test func threads() {
        #expect(gh_library_has_threads() == 1)
    }
}
