import ArgumentParser
import Gateway
import Glibc
import JSONText

/// `gatehouse watch`
struct WatchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "watch", abstract: "Follow lamp, pairing, cloud and nodes as they change, a line each.")

    @OptionGroup var control: ControlOptions

    func run() throws {
        try Failure.reported { () throws(ControlError) in
            try ControlClient(path: control.path).watch { event in
                print(control.json ? event.serialized() : Self.text(event))
                fflush(nil)
                return true
            }
        }
    }

    /// `node gpio/relay1 Output true`
    static func text(_ event: JSON) -> String {
        (event.object?.members ?? []).map { member in
            member.name == "kind" ? StatusText.text(member.value) : "\(member.name)=\(StatusText.text(member.value))"
        }.joined(separator: " ")
    }
}
