import OCFModel

/// Something that is done with a device in several steps, as a value without any I/O: it is told what happened and says
/// what to do next. ``ProcedureRunner`` does it.
public protocol Procedure: Sendable {
    /// What it leads to.
    associatedtype Outcome: Sendable

    /// What it is about to do or doing, for people.
    var progress: String { get }

    /// The next action after an event. The first event is ``ProcedureEvent/begin``.
    mutating func next(_ event: ProcedureEvent) -> ProcedureAction<Outcome>
}

/// Over which connection a request goes.
public enum DeviceChannel: Sendable, Hashable {
    /// Plain CoAP.
    case plain
    /// The encrypted connection that was opened last.
    case secure
}

/// How an encrypted connection is opened.
public enum Handshake: Sendable, Hashable {
    /// The device proves itself by its manufacturer's certificate.
    case manufacturerCertificate
    /// Neither proves anything: just works.
    case anonymous
    /// Both know the PIN that the device with this id shows.
    case pin(String, device: Identifier)
    /// Both know a key; by its identity, which is the tool's id unless another is named.
    case key([UInt8], identity: [UInt8]? = nil)
    /// Both prove themselves by identity certificates; the device has to be this one.
    case identityCertificates(device: Identifier)
}

extension Handshake: CustomStringConvertible, CustomDebugStringConvertible {
    /// The kind alone: PIN and key are secrets.
    public var description: String {
        switch self {
        case .manufacturerCertificate: "manufacturer certificate"
        case .anonymous: "just works"
        case .pin: "PIN"
        case .key: "shared key"
        case .identityCertificates: "identity certificates"
        }
    }
    /// The kind alone.
    public var debugDescription: String { description }
}

/// What befell a procedure.
public enum ProcedureEvent: Sendable, Hashable {
    /// It is to begin.
    case begin
    /// A device answered a request.
    case answered(DeviceAnswer)
    /// The encrypted connection is there; with its secrets, which owner transfer needs.
    case connected(SessionSecrets?)
    /// The request or the handshake failed.
    case failed(LinkFault)
    /// The person typed a PIN; nil when none was to be had.
    case typed(pin: String?)
    /// The record has been kept.
    case kept
    /// The wait is over.
    case waited
}

/// What a procedure wants done.
public enum ProcedureAction<Outcome: Sendable>: Sendable {
    /// Send a request.
    case send(DeviceRequest, DeviceChannel)
    /// Open an encrypted connection, in place of the one before.
    case connect(Handshake)
    /// Ask the person for the PIN that the device shows.
    case askPIN
    /// Keep a record durably before going on.
    case keep(OwnedDevice)
    /// Wait so many seconds, and tell the person why.
    case wait(seconds: Int, ProcedureHint)
    /// Done; the encrypted connection is to be closed.
    case finish(Outcome)
    /// Over; the encrypted connection is to be closed.
    case fail(OnboardingError)
}

extension ProcedureAction: Equatable where Outcome: Equatable {}

/// Why a procedure waits, for people.
public enum ProcedureHint: Sendable, Hashable {
    /// Somebody has to press the button at the device.
    case pressButton
    /// The device connects to its cloud.
    case registering(CloudStatus)
}

/// Why a request came to no answer, or a handshake to no connection.
public enum LinkFault: Error, Sendable, Hashable {
    /// Nobody is there.
    case unreachable(String)
    /// No answer in time.
    case timeout(String)
    /// The connection was closed by the other side.
    case closed(String)
    /// The handshake was refused: an alert, or a key that does not fit.
    case handshakeRefused(String)
    /// The device's certificate is not trusted.
    case untrusted(String)
    /// This tool cannot do it.
    case unavailable(String)

    /// What happened, for people.
    public var reason: String {
        switch self {
        case .unreachable(let text), .timeout(let text), .closed(let text), .handshakeRefused(let text),
            .untrusted(let text), .unavailable(let text):
            text
        }
    }

    /// The fault as an error, when nothing better is known.
    public var error: OnboardingError {
        switch self {
        case .unreachable(let text), .closed(let text): OnboardingError(.unreachable, text)
        case .timeout(let text): OnboardingError(.timeout, text)
        case .handshakeRefused(let text), .untrusted(let text): OnboardingError(.untrusted, text)
        case .unavailable(let text): OnboardingError(.configuration, text)
        }
    }
}
