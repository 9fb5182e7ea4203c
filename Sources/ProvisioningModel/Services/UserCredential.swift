import TLS
import XMPP

/// What a user shows to a service (XEP-0324 3.6.2).
public enum UserCredential: Sendable, Hashable {
    /// How a user is connected.
    public enum Connection: String, Sendable, Hashable, CaseIterable {
        /// A stream.
        case xmpp = "XMPP"
        /// Without TLS.
        case http = "HTTP"
        /// With TLS.
        case https = "HTTPS"
        /// A socket of TCP.
        case tcp = "TcpSocket"
        /// Datagrams.
        case udp = "UdpSocket"
        /// A queue of messages.
        case queue = "Queue"
        /// On the device itself.
        case `internal` = "Internal"
        /// None of these.
        case other = "Other"
    }

    /// An address.
    case jid(String)
    /// `192.0.2.1`.
    case ip4(String)
    /// `2001:db8::1`.
    case ip6(String)
    /// A name in the DNS.
    case hostName(String)
    /// X.509 in DER.
    case certificate([UInt8])
    /// The hash of a certificate that the service has checked.
    case certificateThumbprint([UInt8])
    /// As given at the login.
    case userName(String)
    /// Degrees east.
    case longitude(Double)
    /// Degrees north.
    case latitude(Double)
    /// Metres.
    case altitude(Double)
    /// A token of a single sign-on.
    case singleSignOn(String)
    /// How the user is connected.
    case connection(Connection)

    /// Reads a credential; nil for a kind that is not known, which then shows nothing.
    ///
    /// The schema has an element for each kind; the text's listings have `<credentials type='IpAddress' value='…'/>`, of
    /// which only three types are named: others are taken by the schema's names, in any case.
    init?(_ element: XMLElement) throws(PayloadError) {
        guard element.namespace == Provisioning.namespace else { return nil }
        let isListing = element.name == "credentials"
        var kind = isListing ? try element.required("type") : element.name
        if isListing { kind = kind.lowercased() }
        switch kind {
        case "jid": self = .jid(try UserCredential.text(element))
        case "ipaddress" where isListing:
            let text = try UserCredential.text(element)
            self = text.utf8.contains(UInt8(ascii: ":")) ? .ip6(text) : .ip4(text)
        case "ip4": self = .ip4(try UserCredential.text(element))
        case "ip6": self = .ip6(try UserCredential.text(element))
        case "hostName", "hostname": self = .hostName(try UserCredential.text(element))
        case "x509Certificate", "x509certificate":
            self = .certificate(try UserCredential.bytes(element, isListing))
        case "x509CertificateThumbprint", "x509certificatethumbprint":
            self = .certificateThumbprint(try UserCredential.bytes(element, isListing))
        case "userName", "username": self = .userName(try UserCredential.text(element))
        case "longitude": self = .longitude(try UserCredential.number(element, within: 180))
        case "latitude": self = .latitude(try UserCredential.number(element, within: 90))
        // Metres to the edge of what is called the earth's surroundings; beyond it somebody mistook the unit.
        case "altitude": self = .altitude(try UserCredential.number(element, within: 100_000_000))
        case "sso": self = .singleSignOn(try UserCredential.text(element))
        case "protocol":
            let text = try UserCredential.text(element)
            guard let connection = Connection(rawValue: text) else {
                throw PayloadError(
                    .badValue,
                    "protocol is \"\(text.prefix(32))\"; one of \(Connection.allCases.map(\.rawValue)) was expected")
            }
            self = .connection(connection)
        default: return nil
        }
    }

    private static func text(_ element: XMLElement) throws(PayloadError) -> String {
        try element.text("value", atMost: ProvisioningLimits.credentialBytes)
    }

    private static func bytes(_ element: XMLElement, _ isListing: Bool) throws(PayloadError) -> [UInt8] {
        let name = isListing ? "value" : "base64"
        let text = try element.text(name, atMost: 2 * ProvisioningLimits.certificateBytes)
        guard let bytes = Base64.decode(text.utf8), !bytes.isEmpty else {
            throw PayloadError(.badValue, "\(name) of \(element.name) is no base64")
        }
        return bytes
    }

    private static func number(_ element: XMLElement, within limit: Double) throws(PayloadError) -> Double {
        let text = try text(element)
        // Swift reads hexadecimal, xs:double does not.
        let isDecimal = text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."),
                UInt8(ascii: "e"), UInt8(ascii: "E"):
                true
            default: false
            }
        }
        guard isDecimal, let value = Double(text), (-limit...limit).contains(value) else {
            throw PayloadError(
                .badValue, "a place is \"\(text.prefix(32))\"; a number between -\(limit) and \(limit) was expected")
        }
        return value
    }

    /// The element of the schema.
    var element: XMLElement {
        switch self {
        case .jid(let text): .provisioning("jid", ["value": text])
        case .ip4(let text): .provisioning("ip4", ["value": text])
        case .ip6(let text): .provisioning("ip6", ["value": text])
        case .hostName(let text): .provisioning("hostName", ["value": text])
        case .certificate(let bytes): .provisioning("x509Certificate", ["base64": Base64.text(bytes)])
        case .certificateThumbprint(let bytes):
            .provisioning("x509CertificateThumbprint", ["base64": Base64.text(bytes)])
        case .userName(let text): .provisioning("userName", ["value": text])
        case .longitude(let number): .provisioning("longitude", ["value": "\(number)"])
        case .latitude(let number): .provisioning("latitude", ["value": "\(number)"])
        case .altitude(let number): .provisioning("altitude", ["value": "\(number)"])
        case .singleSignOn(let text): .provisioning("sso", ["value": text])
        case .connection(let connection): .provisioning("protocol", ["value": connection.rawValue])
        }
    }
}
