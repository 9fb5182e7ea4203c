/// The namespaces of the Internet of Things extensions; each is also the feature that disco#info tells.
public enum IoTNamespace {
    /// XEP-0323.
    public static let sensorData = "urn:xmpp:iot:sensordata"
    /// XEP-0325.
    public static let control = "urn:xmpp:iot:control"
    /// XEP-0326.
    public static let concentrators = "urn:xmpp:iot:concentrators"
    /// XEP-0347.
    public static let discovery = "urn:xmpp:iot:discovery"
}
