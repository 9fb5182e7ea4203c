import CBOR
import CoAP
import CoAPMessages
import NIOCore
import OCFModel
import OneLoop

extension CloudConnection {
    /// How long the directory may take: as long as any request.
    private static let timeout = TimeAmount.seconds(20)

    /// Brings the cloud's directory to what it should hold; one round at a time.
    func publish() {
        guard mayPublish, connection != nil else { return }
        guard !isPublishing else {
            publishesAgain = true
            return
        }
        let steps = publication.steps(for: environment.links())
        guard !steps.isEmpty else { return }
        isPublishing = true
        run(steps[...], touched: [])
    }

    private func run(_ steps: ArraySlice<LinkPublication.Step>, touched: Set<String>) {
        guard let step = steps.first else { return endRound(touched, isComplete: true) }
        let deviceID = environment.deviceID()
        switch step {
        case .publish(let links):
            let message = CloudRequests.publish(links, deviceID: deviceID, name: environment.deviceName())
            send(message) { response in
                guard let response, response.code.isSuccess else {
                    self.refused("publish", response)
                    return self.endRound(touched, isComplete: false)
                }
                self.publication.hasPublished(links, try? CBOR.decode(response.payload), deviceID: deviceID)
                self.counters.linksPublished += UInt64(links.count)
                self.run(steps.dropFirst(), touched: touched.union(links.map(\.href)))
            }
        case .unpublish(let instances, let hrefs):
            // Without numbers the request would remove every link.
            guard !instances.isEmpty else {
                publication.hasUnpublished(hrefs)
                return run(steps.dropFirst(), touched: touched.union(hrefs))
            }
            send(CloudRequests.unpublish(instances, deviceID: deviceID)) { response in
                // 4.xx says that they are not there, which is what is wanted.
                guard let response, response.code.isSuccess || response.code.codeClass == 4 else {
                    self.refused("unpublish", response)
                    return self.endRound(touched, isComplete: false)
                }
                self.publication.hasUnpublished(hrefs)
                self.counters.linksUnpublished += UInt64(hrefs.count)
                self.run(steps.dropFirst(), touched: touched.union(hrefs))
            }
        }
    }

    private func send(_ message: Message, _ completion: @escaping @Loop @Sendable (Message?) -> Void) {
        guard let connection else { return }
        let epoch = epoch
        connection.send(message, timeout: Self.timeout).whenComplete { result in
            Loop.assumeIsolated {
                guard epoch == self.epoch else { return }
                completion(try? result.get())
            }
        }
    }

    private func refused(_ what: String, _ response: Message?) {
        counters.failedRequests += 1
        log.notice(
            "the cloud's directory refused",
            metadata: [
                "request": "\(what)", "code": "\(response.map { "\($0.code)" } ?? "none")",
                "reason": "\(response.map { diagnostic(of: $0) } ?? "no answer")",
            ])
        handle(.publicationRefused)
    }

    private func endRound(_ touched: Set<String>, isComplete: Bool) {
        for (bucket, bytes) in publication.records(holding: touched) {
            let key = "\(CloudKeys.links)\(bucket)"
            if bytes.isEmpty { store.removeBatched(key) } else { store.putBatched(key, bytes) }
        }
        isPublishing = false
        if !isComplete {
            publicationTimer?.cancel()
            publicationTimer = Loop.after(delay(in: CloudSchedule.publicationRetry)) { [weak self] in
                self?.publicationTimer = nil
                self?.publish()
            }
        } else if publishesAgain {
            publishesAgain = false
            publish()
        }
    }
}
