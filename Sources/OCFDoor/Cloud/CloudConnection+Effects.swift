import CBOR
import CoAP
import CoAPMessages
import FlashStore
import NIOCore
import OCFModel
import OneLoop
import TLS

extension CloudConnection {
    /// Does what the machine wants done.
    func perform(_ effect: CloudSession.Effect) {
        switch effect {
        case .store(let record, let revision):
            let bytes = record.bytes
            write(revision) { store async throws(StoreError) in try await store.put(CloudKeys.record, bytes, .now) }
        case .erase(let revision):
            publication = LinkPublication()
            write(revision) { store async throws(StoreError) in
                try await store.removeAll(prefix: CloudKeys.all, .now)
            }
        case .connect(let address, let cloudID): connect(to: address, cloudID)
        case .close: close()
        case .send(let request): send(request)
        case .ping: ping()
        case .startTimer(let timer, let range): start(timer, range)
        case .cancelTimer(let timer): timers.removeValue(forKey: timer)?.timer.cancel()
        case .publish:
            mayPublish = true
            publication.begin()
            publish()
        }
    }

    /// Changes go to the store in the order the machine asked for them: tasks of one actor start in order, and the store
    /// orders what it is asked.
    private func write(
        _ revision: Int, _ change: @escaping @Loop @Sendable (FlashStore) async throws(StoreError) -> Void
    ) {
        let store = store
        Task { @Loop in
            do throws(StoreError) {
                try await change(store)
                self.hasStored(revision, nil)
            } catch {
                self.hasStored(revision, error)
            }
        }
    }

    // MARK: Timers

    func delay(in range: ClosedRange<Duration>) -> Duration {
        (range.lowerBound + (range.upperBound - range.lowerBound) * Double.random(in: 0...1)) * pace
    }

    private func start(_ timer: CloudSession.Timer, _ range: ClosedRange<Duration>) {
        timers.removeValue(forKey: timer)?.timer.cancel()
        let delay = delay(in: range)
        lastTimer += 1
        let number = lastTimer
        let running = Loop.after(delay) { [weak self] in
            guard let self, self.timers[timer]?.number == number else { return }
            self.timers[timer] = nil
            self.handle(.timer(timer))
        }
        timers[timer] = (number, running)
    }

    // MARK: The connection

    private func connect(to address: CloudAddress, _ cloudID: Identifier) {
        close()
        let epoch = epoch
        let configuration: TLSConfiguration?
        do throws(TLSError) {
            configuration = try environment.tls(address, cloudID)
        } catch {
            counters.connectFailures += 1
            handle(.connectFailed(CloudTrouble(.certificateRefused, error.reason)))
            return
        }
        log.debug("connecting", metadata: ["cloud": "\(address)"])
        CoAPTCP.connect(
            host: address.host, port: address.port, tls: configuration, on: Loop.eventLoop, limits: limits,
            handler: CloudRequestHandler(cloud: self, requester: .cloud(cloudID))
        ).whenComplete { result in
            Loop.assumeIsolated { self.connected(result, epoch) }
        }
    }

    private func connected(_ result: Result<Connection, any Error>, _ epoch: Int) {
        switch result {
        case .success(let connection):
            guard epoch == self.epoch else {
                connection.close()
                return
            }
            self.connection = connection
            counters.connections += 1
            connection.closeFuture.whenComplete { _ in
                Loop.assumeIsolated {
                    guard epoch == self.epoch else { return }
                    self.forgetConnection()
                    self.handle(.connectionLost)
                }
            }
            handle(.connected)
        case .failure(let error):
            guard epoch == self.epoch else { return }
            counters.connectFailures += 1
            handle(.connectFailed(Self.trouble(of: error)))
        }
    }

    /// What a failed connection means for people. The TLS error's code stands at the start of the reason.
    static func trouble(of error: any Error) -> CloudTrouble {
        guard let error = error as? CoAPError else { return CloudTrouble(.unreachable, "\(error)") }
        guard error.code == .secureConnectionFailed else { return CloudTrouble(.unreachable, error.reason) }
        if error.reason.hasPrefix(TLSError.Code.certificateNotYetValid.rawValue) {
            return CloudTrouble(.clockWrong, error.reason)
        }
        return CloudTrouble(.certificateRefused, error.reason)
    }

    private func close() {
        let connection = connection
        forgetConnection()
        connection?.close()
    }

    private func forgetConnection() {
        epoch += 1
        connection = nil
        mayPublish = false
        isPublishing = false
        publishesAgain = false
        publicationTimer?.cancel()
        publicationTimer = nil
    }

    // MARK: Requests

    private func send(_ request: CloudSession.Request) {
        guard let connection, let record = session.record,
            let message = CloudRequests.message(request, record, deviceID: environment.deviceID())
        else {
            handle(.unanswered)
            return
        }
        let epoch = epoch
        connection.send(message, timeout: CloudRequests.timeout(of: request)).whenComplete { result in
            Loop.assumeIsolated {
                guard epoch == self.epoch else { return }
                self.answered(request, result)
            }
        }
    }

    private func answered(_ request: CloudSession.Request, _ result: Result<Message, any Error>) {
        switch result {
        case .success(let response):
            if !response.code.isSuccess {
                counters.failedRequests += 1
                log.notice(
                    "the cloud refused",
                    metadata: [
                        "request": "\(request)", "code": "\(response.code)", "reason": "\(diagnostic(of: response))",
                    ])
            }
            // Bodies are CBOR whatever Content-Format says; a diagnostic text is none and counts as no body.
            handle(.answered(response.code, try? CBOR.decode(response.payload)))
        case .failure(let error):
            counters.failedRequests += 1
            log.notice("the cloud did not answer", metadata: ["request": "\(request)", "error": "\(error)"])
            handle(.unanswered)
        }
    }

    private func ping() {
        guard let connection else { return }
        let epoch = epoch
        connection.ping(timeout: TimeAmount(CloudSchedule.pingTimeout)).whenComplete { result in
            Loop.assumeIsolated {
                guard epoch == self.epoch else { return }
                if case .success = result { self.handle(.pong) } else { self.handle(.pingLost) }
            }
        }
    }

    /// The diagnostic payload of an error for the log: printable, short, and without the tokens that a cloud might quote.
    func diagnostic(of response: Message) -> String {
        var bytes = Array(response.payload.prefix(512))
        let account = session.record?.account
        for secret in [session.record?.oneTimeToken, account?.accessToken, account?.refreshToken] {
            guard let token = secret?.value else { continue }
            bytes = bytes.hiding(Array(token.utf8))
        }
        let printable = String(decoding: bytes, as: UTF8.self).unicodeScalars.filter {
            $0.properties.generalCategory != .control
        }
        return String(String(String.UnicodeScalarView(printable)).prefix(200))
    }
}

extension [UInt8] {
    /// These bytes with `(secret)` in every place of `secret`.
    ///
    /// By hand, since `replacing(_:with:)` of the standard library brings its regular expressions along: 0.9 MB.
    fileprivate func hiding(_ secret: [UInt8]) -> [UInt8] {
        guard !secret.isEmpty, count >= secret.count else { return self }
        var result: [UInt8] = []
        var place = startIndex
        while place < endIndex {
            if self[place...].starts(with: secret) {
                result += Array("(secret)".utf8)
                place += secret.count
            } else {
                result.append(self[place])
                place += 1
            }
        }
        return result
    }
}

/// Serves the requests of one connection's cloud.
struct CloudRequestHandler: RequestHandler {
    let cloud: CloudConnection
    let requester: Requester

    func handle(_ request: Message, _ exchange: Exchange) {
        Loop.assumeIsolated {
            cloud.counters.requestsServed += 1
            cloud.environment.serve(request, requester, exchange)
        }
    }
}
