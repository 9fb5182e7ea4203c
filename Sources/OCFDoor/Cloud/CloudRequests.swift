import CBOR
import CoAPMessages
import NIOCore
import OCFModel

/// The gateway's requests to its cloud as messages (cloud security; `oic.r.account`, `oic.r.session`,
/// `oic.r.tokenrefresh`, `oic.wk.rd`).
enum CloudRequests {
    /// The message of a request; nil when there is no account to make it of.
    static func message(_ request: CloudSession.Request, _ record: CloudRecord, deviceID: Identifier) -> Message? {
        let di = CBOR.Value.text(deviceID.description)
        if request == .signUp {
            var body: CBOR.Map = ["di": di, "accesstoken": .text(record.oneTimeToken.value), "devicetype": "device"]
            if let provider = record.provider { body["authprovider"] = .text(provider) }
            return .ocfRequest(.post, path: "/oic/sec/account", representation: .map(body))
        }
        guard let account = record.account else { return nil }
        let uid = CBOR.Value.text(account.userID)
        switch request {
        case .signIn, .signOut:
            return .ocfRequest(
                .post, path: "/oic/sec/session",
                representation: [
                    "uid": uid, "di": di, "accesstoken": .text(account.accessToken.value),
                    "login": .boolean(request == .signIn),
                ])
        case .refresh:
            var body: CBOR.Map = [
                "uid": uid, "di": di, "refreshtoken": .text(account.refreshToken.value), "granttype": "refresh_token",
            ]
            // Without it plgd hub asks every provider it knows, and any of them may answer.
            if let provider = record.provider { body["authprovider"] = .text(provider) }
            return .ocfRequest(.post, path: "/oic/sec/tokenrefresh", representation: .map(body))
        case .deregister:
            var query = ["uid=\(account.userID)", "di=\(deviceID)"]
            // A longer query option cannot be sent (RFC 7252 §5.10); signed in the token is not needed.
            let token = "accesstoken=\(account.accessToken.value)"
            if token.utf8.count <= 255 { query.append(token) }
            return .ocfRequest(
                .delete, path: "/oic/sec/account", query: query.filter { $0.utf8.count <= 255 })
        case .signUp: return nil
        }
    }

    /// How long an answer may take. The sign-up is given longest: it may take the cloud a call to an OAuth server, and to
    /// ask twice would spoil a one-time token.
    static func timeout(of request: CloudSession.Request) -> TimeAmount {
        switch request {
        case .signUp: .seconds(60)
        // plgd hub itself gives up after 20 s.
        case .signIn, .refresh, .deregister: .seconds(20)
        case .signOut: .seconds(5)
        }
    }

    /// POST /oic/rd: these links, for as long as the gateway is registered (`ttl` 0).
    static func publish(_ links: [Link], deviceID: Identifier, name: String) -> Message {
        .ocfRequest(
            .post, path: "/oic/rd", query: ["rt=oic.wk.rdpub"],
            representation: [
                "di": .text(deviceID.description), "n": .text(name), "links": .array(links.map(\.value)), "ttl": 0,
            ])
    }

    /// DELETE /oic/rd: the links with these numbers.
    static func unpublish(_ instances: [Int], deviceID: Identifier) -> Message {
        .ocfRequest(.delete, path: "/oic/rd", query: ["di=\(deviceID)"] + instances.map { "ins=\($0)" })
    }
}
