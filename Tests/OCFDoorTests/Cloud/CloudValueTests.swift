// swift-format-ignore-file: NeverForceUnwrap

import CBOR
import CoAPMessages
import OCFModel
import Testing

@testable import OCFDoor

@Suite struct CloudValueTests {
    @Test(arguments: [
        ("coaps+tcp://cloud.example:443", "cloud.example", 443), ("coaps+tcp://10.0.0.1", "10.0.0.1", 5684),
        ("COAPS+TCP://h:1/", "h", 1), ("coaps+tcp://[fe80::1]:65535", "fe80::1", 65535),
        ("coaps+tcp://[::1]", "::1", 5684),
    ])
    func addresses(_ uri: String, _ host: String, _ port: Int) {
        let address = CloudAddress(uri)
        #expect(address?.host == host && address?.port == port)
        #expect(address.flatMap { CloudAddress($0.description) } == address)
    }

    @Test(arguments: [
        "", "cloud.example:443", "coap+tcp://x:1", "https://x:1", "coaps+tcp://", "coaps+tcp://:1", "coaps+tcp://x:",
        "coaps+tcp://x:0", "coaps+tcp://x:65536", "coaps+tcp://x:1:2", "coaps+tcp://x/path", "coaps+tcp://u@x",
        "coaps+tcp://x y", "coaps+tcp://[::1", "coaps+tcp://[x]:1", "coaps+tcp://x:+1", "coaps+tcp://x?q",
        "coaps+tcp://" + String(repeating: "x", count: 300),
    ])
    func noAddresses(_ uri: String) {
        #expect(CloudAddress(uri) == nil)
    }

    @Test(arguments: [
        (7200, 6600), (3601, 3001), (3600, 3480), (241, 121), (240, 230), (25, 15), (21, 11), (20, 20), (1, 1), (0, 1),
        (.max, 31_535_400),
    ])
    func tokensAreRefreshedInTime(_ life: Int, _ delay: Int) {
        #expect(CloudSchedule.refreshDelay(life: life) == .seconds(delay))
    }

    @Test func permanentTokensAreNot() {
        #expect(CloudSchedule.refreshDelay(life: -1) == nil)
    }

    @Test func theRecordSurvivesTheStore() {
        for var record in [configuration(), stored(), stored(permanent: true)] {
            #expect(CloudRecord(bytes: record.bytes) == record)
            record.address = CloudAddress("coaps+tcp://elsewhere:1")!
            record.isLeaving = true
            #expect(CloudRecord(bytes: record.bytes) == record)
        }
        let noProvider = CloudRecord(
            address: configuration().address, cloudID: cloudID, oneTimeToken: Secret("x"), provider: nil)
        #expect(CloudRecord(bytes: noProvider.bytes) == noProvider)
        for count in 0..<stored().bytes.count { #expect(CloudRecord(bytes: Array(stored().bytes[..<count])) == nil) }
    }

    @Test func secretsAreNotShown() {
        var text = "\(stored()) \(String(reflecting: stored()))"
        dump(stored(), to: &text)
        var walk = Place.storingToken.walk
        text += "\(walk.session) \(walk.effects)"
        walk.stored()
        text += "\(walk.effects) \(Secret("AT1"))"
        for secret in ["AT1", "RT1", "AT2", "RT2", "\"code\""] { #expect(!text.contains(secret)) }
    }

    /// The bodies that IoTivity-Lite was seen to send.
    @Test(
        arguments: [
            (
                CloudSession.Request.signUp, "/oic/sec/account",
                ["di": .text("\(deviceID)"), "authprovider": "plgd", "accesstoken": "code", "devicetype": "device"]
            ),
            (
                .signIn, "/oic/sec/session",
                ["uid": "u1", "di": .text("\(deviceID)"), "accesstoken": "AT1", "login": true]
            ),
            (
                .signOut, "/oic/sec/session",
                ["uid": "u1", "di": .text("\(deviceID)"), "accesstoken": "AT1", "login": false]
            ),
            (
                .refresh, "/oic/sec/tokenrefresh",
                [
                    "uid": "u1", "di": .text("\(deviceID)"), "authprovider": "plgd", "granttype": "refresh_token",
                    "refreshtoken": "RT1",
                ]
            ),
        ] as [(CloudSession.Request, String, CBOR.Value)])
    func requests(_ request: CloudSession.Request, _ path: String, _ body: CBOR.Value) throws {
        let message = try #require(CloudRequests.message(request, stored(), deviceID: deviceID))
        #expect(message.code == .post && message.pathString == path && message.query == [])
        #expect(message.contentFormat == 10000 && message.accept == 10000)
        #expect(message.ocfContentFormatVersion == 2048 && message.ocfAcceptVersion == 2048)
        #expect(try message.representation() == body)
    }

    @Test func deregistrationLeavesOutATokenThatDoesNotFit() throws {
        var record = stored()
        var message = try #require(CloudRequests.message(.deregister, record, deviceID: deviceID))
        #expect(message.code == .delete && message.pathString == "/oic/sec/account" && message.payload.isEmpty)
        #expect(message.query == ["uid=u1", "di=\(deviceID)", "accesstoken=AT1"])
        record.account?.accessToken = Secret(String(repeating: "x", count: 300))
        message = try #require(CloudRequests.message(.deregister, record, deviceID: deviceID))
        #expect(message.query == ["uid=u1", "di=\(deviceID)"])
    }
}
