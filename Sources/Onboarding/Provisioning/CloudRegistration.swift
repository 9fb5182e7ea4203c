import CBOR
import CoAPMessages
import OCFModel

/// Gives a device its cloud, over its encrypted connection, and watches until it has registered (device to cloud, 8.1.2.3,
/// 8.1.3).
public struct CloudRegistration: Procedure, Hashable {
    /// Where it is.
    public enum Step: Sendable, Hashable {
        /// Write `cis`, `sid`, `at` and `apn`.
        case configure
        /// Read `cps` and `clec` until they settle.
        case watch
    }

    /// `oic.r.coapcloudconf` on the device.
    public let href: String
    /// The cloud.
    public let address: String
    /// Its id.
    public let cloudID: Identifier
    /// The one-time token.
    let token: String
    /// Who gave it, where there is somebody.
    public let provider: String?
    /// Seconds to watch. The device's own attempts to register go on for longer; two minutes are past the third of them.
    public let patience: Int
    /// Where it is.
    public private(set) var step = Step.configure
    private var waited = 0

    /// Seconds between looks.
    static let interval = 1

    /// A registration that has not begun.
    public init(
        href: String, address: String, cloudID: Identifier, token: String, provider: String? = nil, patience: Int = 120
    ) {
        self.href = href
        self.address = address
        self.cloudID = cloudID
        self.token = token
        self.provider = provider
        self.patience = patience
    }

    /// What the step does.
    public var progress: String { step == .configure ? "giving the device its cloud" : "waiting for the registration" }

    /// The next action; the outcome is what the device shows once it has registered.
    public mutating func next(_ event: ProcedureEvent) -> ProcedureAction<CloudConfiguration> {
        switch (step, event) {
        case (.configure, .begin): return .send(.update(href, update), .secure)
        case (.configure, .answered(let answer)):
            guard answer.code.isSuccess else { return .fail(answer.refusal(of: .update(href, [:]))) }
            step = .watch
            return .wait(seconds: Self.interval, .registering(.readyToRegister))
        case (.watch, .waited):
            waited += Self.interval
            return .send(.retrieve(href), .secure)
        case (.watch, .answered(let answer)): return watched(answer)
        case (.configure, .failed(let fault)): return .fail(fault.error)
        case (_, .failed(let fault)):
            return .fail(
                OnboardingError(
                    .timeout,
                    "the device has its cloud, but is gone (\(fault.reason)) before it told how the registration went; "
                        + "`gatehouse-onboard get DEVICE \(href)` shows it"))
        default: return .fail(OnboardingError(.peer, "\(event) came during the registration"))
        }
    }

    /// `at` is in no other message, and in no answer.
    private var update: CBOR.Map {
        var map: CBOR.Map = ["cis": .text(address), "sid": .text(cloudID.description), "at": .text(token)]
        if let provider { map["apn"] = .text(provider) }
        return map
    }

    private mutating func watched(_ answer: DeviceAnswer) -> ProcedureAction<CloudConfiguration> {
        guard answer.code.isSuccess else { return .fail(answer.refusal(of: .retrieve(href))) }
        guard let shown = CloudConfiguration(representation: answer.body) else {
            return .fail(OnboardingError(.peer, "the device's \(href) cannot be read: expected cis, sid and cps"))
        }
        switch shown.status {
        case .registered: return .finish(shown)
        case .failed:
            return .fail(
                OnboardingError(
                    .refused, "the device did not register: \(shown.lastError.text) (clec \(shown.lastError))"))
        case .uninitialized, .readyToRegister, .registering:
            guard waited < patience else {
                return .fail(
                    OnboardingError(
                        .timeout,
                        "the device is \(shown.status.rawValue) after \(patience) s, clec \(shown.lastError): "
                            + "\(shown.lastError.text). It goes on trying; `gatehouse-onboard get DEVICE \(href)` shows "
                            + "how it stands"))
            }
            return .wait(seconds: Self.interval, .registering(shown.status))
        }
    }
}

extension CloudRegistration: CustomReflectable {
    /// Shows the cloud alone, so that no dump shows the token.
    public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
}

extension CloudErrorCode {
    /// What it means, for people.
    public var text: String {
        switch self {
        case .none: "no error"
        case .errorResponse: "the cloud answered with an error"
        case .connectionFailed: "the cloud cannot be reached, or did not take the device's certificate"
        case .refreshFailed: "the cloud did not refresh the token"
        case .unknown: "an error of another kind"
        }
    }
}

extension CloudConfiguration {
    /// Reads what a device shows; nil when a mandatory property is missing. A `cps` or `clec` that no standard knows is
    /// taken as on its way, or as unknown.
    init?(representation: CBOR.Value?) {
        guard let address = representation?["cis"]?.string,
            let cloudID = representation?["sid"]?.string.flatMap({ Identifier($0) })
        else { return nil }
        self.init(
            address: address, cloudID: cloudID, provider: representation?["apn"]?.string,
            status: representation?["cps"]?.string.map { CloudStatus(rawValue: $0) ?? .registering } ?? .registering,
            lastError: representation?["clec"]?.int.map { CloudErrorCode(rawValue: $0) ?? .unknown } ?? .none)
    }
}
