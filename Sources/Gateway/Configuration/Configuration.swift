/// The gateway's configuration as values, every default filled in.
///
/// Reading it is ``load(file:)``; the keys and their meaning are ``ConfigurationSchema``.
public struct Configuration: Sendable, Equatable {
    /// `[gateway]`
    public struct Gateway: Sendable, Equatable {
        /// The name that people see.
        public var name: String
        /// The folder of the store.
        public var state: String
        /// The path of the control socket.
        public var control: String
        /// The group that may use it; empty for none.
        public var controlGroup: String
        /// Refuse every new knock.
        public var locked: Bool
    }

    /// `[log]`
    public struct Log: Sendable, Equatable {
        /// The level of every part that has none of its own.
        public var level: String
        /// `auto`, `text` or `journal`.
        public var format: String
        /// Levels by part.
        public var parts: [String: String]
    }

    /// `[store]`
    public struct Store: Sendable, Equatable {
        /// KiB of each segment.
        public var segmentKiB: Int
        /// Seconds a batched record may wait.
        public var commitAfter: Double
        /// Records written at once, at the latest.
        public var commitCount: Int
    }

    /// `[board]`, `[button]`, `[led]`
    public struct Board: Sendable, Equatable {
        /// The name of the board file, for `status`.
        public var profile: String
        /// No hardware.
        public var simulated: Bool
        /// Labels of the header's chip, best first.
        public var chips: [String]
        /// The button's line, by name or offset; empty for none.
        public var buttonLine: String
        /// Pressed is low.
        public var buttonActiveLow: Bool
        /// `as-is`, `disabled`, `pull-up`, `pull-down`.
        public var buttonBias: String
        /// Milliseconds of stillness before a change counts.
        public var buttonDebounce: Int
        /// `none`, `gpio:LINE`, `led:NAME`.
        public var ledDrive: String
        /// Lit is low.
        public var ledActiveLow: Bool
    }

    /// One of `[[gpio.lines]]`
    public struct Line: Sendable, Equatable {
        /// The node id.
        public var name: String
        /// The line by name or offset.
        public var line: String
        /// The chip by label or path; empty for the board's.
        public var chip: String
        /// Drives (true) or reads.
        public var output: Bool
        /// What hangs on it.
        public var kind: String
        /// The name for people.
        public var title: String
        /// Low is on.
        public var activeLow: Bool
        /// `as-is`, `disabled`, `pull-up`, `pull-down`.
        public var bias: String
        /// Milliseconds.
        public var debounce: Int
        /// An output's first value.
        public var initial: Bool
        /// `off`, `on`, `keep`.
        public var atExit: String
    }

    /// `[ble]`
    public struct BLE: Sendable, Equatable {
        /// `none`, `kernel` or `capture`.
        public var source: String
        /// Names or addresses of the adapters that listen; empty for all.
        public var adapters: [String]
        /// The recording's path.
        public var capture: String
        /// Replay speed; 0 for no waiting.
        public var speed: Double
        /// Begin again at the end.
        public var loop: Bool
        /// `listed` or `known-formats`.
        public var admit: String
        /// Addresses admitted.
        public var allow: [String]
        /// Addresses never admitted.
        public var deny: [String]
        /// How many may become nodes.
        public var maximum: Int
        /// Seconds in which sensors may join.
        public var joinWindow: Int
        /// How many may join at once.
        public var joinLimit: Int
        /// Connections at a time.
        public var connections: Int
        /// Seconds between the readings of a device that is connected to.
        public var readInterval: Int
        /// Known sensors.
        public var nodes: [BLENode]
        /// Characteristics that are described.
        public var gatt: [Characteristic]
    }

    /// One of `[[ble.nodes]]`
    public struct BLENode: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
        /// The address, six groups of two hex digits.
        public var address: String
        /// The name for people.
        public var name: String
        /// The bind key in hex; empty for none.
        public var key: String
        /// Connect to it for its standard services.
        public var connect: Bool

        /// Without the key, which must not come into a log.
        public var description: String { "BLENode(\(address))" }
        /// Without the key, too.
        public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
    }

    /// One of `[[ble.gatt]]`
    public struct Characteristic: Sendable, Equatable {
        /// The device's address.
        public var device: String
        /// The service's UUID; empty for any.
        public var service: String
        /// The characteristic's UUID.
        public var characteristic: String
        /// The field's or parameter's name; empty for the characteristic's own.
        public var name: String
        /// How the value lies in the bytes; empty for what is assigned.
        public var format: String
        /// The unit; empty for none.
        public var unit: String
        /// Digits behind the point.
        public var decimals: Int
        /// Seconds between readings; 0 for `ble.read_interval`.
        public var interval: Int
        /// It tells its value by itself.
        public var notify: Bool
        /// It can be set.
        public var writable: Bool
    }

    /// `[ocf]`
    public struct OCF: Sendable, Equatable {
        /// `mnmn`
        public var manufacturer: String
        /// `mnmo`; empty leaves it out.
        public var model: String
        /// PEM file of the identity certificate and chain; empty for none.
        public var certificate: String
        /// PEM file of its key.
        public var key: String
        /// The device id to begin with; empty makes one.
        public var deviceID: String
        /// Be found, owned and used on the local network.
        public var local: Bool
        /// The port of plain CoAP.
        public var port: Int
        /// The port of CoAP over DTLS.
        public var securePort: Int
        /// The interfaces to be found on; empty for all.
        public var interfaces: [String]
        /// `certificate`, `pin`, `just-works`.
        public var methods: [String]
        /// PEM file of the manufacturer's certificate and chain; empty for none.
        public var manufacturerCertificate: String
        /// PEM file of its key.
        public var manufacturerKey: String
    }

    /// `[cloud]`
    public struct Cloud: Sendable, Equatable, CustomStringConvertible, CustomReflectable {
        /// `cis`; empty for no cloud.
        public var address: String
        /// `sid`
        public var id: String
        /// The one-time token; never logged.
        public var token: String
        /// `apn`
        public var provider: String
        /// PEM file of the authorities.
        public var trust: String

        /// Without the token, which must not come into a log.
        public var description: String { "Cloud(\(address))" }
        /// Without the token, too.
        public var customMirror: Mirror { Mirror(self, children: ["address": address]) }
    }

    /// `[xmpp]`
    public struct XMPP: Sendable, Equatable {
        /// The account, `hall@example.org`; empty for no XMPP.
        public var account: String
        /// The file of its password.
        public var passwordFile: String
        /// The server, `host` or `host:port`; empty to find it by the account's domain.
        public var server: String
        /// `starttls` or `direct`.
        public var security: String
        /// PEM file of the authorities.
        public var trust: String
        /// The connection's name; empty lets the server choose.
        public var resource: String
        /// Whether the password may be told to the server in the clear, inside TLS.
        public var allowPlain: Bool
        /// PEM file of the account's certificate; empty for none.
        public var certificate: String
        /// PEM file of its key.
        public var key: String
        /// `offered`, `required`, `never`.
        public var channelBinding: String
        /// The thing registry; `auto` for the server's own, empty for none.
        public var registry: String
        /// Provisioning servers: addresses, domains of components, `auto` for the server's own.
        public var provisioning: [String]
        /// PEM file of the certificate that tokens are asked for with; empty to have one made.
        public var tokenCertificate: String
        /// PEM file of its key.
        public var tokenKey: String
        /// Who may do what.
        public var peers: [XMPPPeer]
    }

    /// One of `[[xmpp.peers]]`
    public struct XMPPPeer: Sendable, Equatable {
        /// An address, a domain, or `*`.
        public var jid: String
        /// `befriend`, `read`, `control`, `administer`.
        public var may: String
        /// On these nodes; empty for all.
        public var nodes: [String]
        /// These fields and parameters; empty for all.
        public var names: [String]
        /// `current` or `2013`.
        public var dialect: String
    }

    /// `[onem2m]`
    public struct OneM2M: Sendable, Equatable {
        /// Be a CSE.
        public var isEnabled: Bool
        /// `mn` or `asn`.
        public var kind: String
        /// The CSE-ID without its slash.
        public var cseID: String
        /// The name of the CSEBase.
        public var cseName: String
        /// The service provider's name.
        public var spID: String
        /// Who may do everything.
        public var administrators: [String]
        /// Who may register.
        public var registrants: [String]
        /// Who may read the nodes.
        public var readers: [String]
        /// Who may set their parameters.
        public var controllers: [String]
        /// `nobody`, `applications` or `everybody`.
        public var insecure: String
        /// On flash before the answer.
        public var durable: Bool
        /// Measurements kept of each field.
        public var history: Int
        /// Resources that others may create.
        public var resourcesMaximum: Int
        /// Content instances altogether.
        public var instancesMaximum: Int
        /// KiB of their contents.
        public var contentMaximumKiB: Int
    }

    /// `[gateway]`
    public var gateway: Gateway
    /// `[log]`
    public var log: Log
    /// `[store]`
    public var store: Store
    /// `[board]`, `[button]`, `[led]`
    public var board: Board
    /// Seconds a knock waits for the button.
    public var pairingWindow: Int
    /// `[[gpio.lines]]`
    public var lines: [Line]
    /// `[ble]`
    public var ble: BLE
    /// `[ocf]`
    public var ocf: OCF
    /// `[cloud]`
    public var cloud: Cloud
    /// `[xmpp]`
    public var xmpp: XMPP
    /// `[onem2m]`
    public var oneM2M: OneM2M
    /// `[onem2m.tokens]` and `[[onem2m.issuers]]`
    public var tokens: Tokens
    /// Its sockets, peers and registrar.
    public var oneM2MBindings: OneM2MBindings
    /// `[metrics]`
    public var metrics: Metrics
}
