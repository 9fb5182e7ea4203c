/// When the cloud session tries, refreshes and asks for signs of life.
enum CloudSchedule {
    /// The time-outs of IoTivity-Lite's cloud manager, in seconds; the last one goes on.
    private static let seconds = [2, 4, 8, 16, 32, 64]

    /// After so many failures in a row the cloud counts as failed; the trying goes on, since nobody stands beside a
    /// gateway to restart it.
    static let failuresToFail = seconds.count

    /// The wait before the next attempt after `failures` in a row, to be chosen from at random: half of it is jitter, so
    /// that a fleet that lost its cloud does not come back as one.
    static func delay(after failures: Int) -> ClosedRange<Duration> {
        let most = seconds[min(max(failures, 0), seconds.count - 1)]
        return .milliseconds(most * 500)...(.seconds(most))
    }

    /// So many refusals of sign-in or refresh in a row, over as many connections, count as a revocation: the refusals that
    /// plgd hub gives just after a sign-up last less than a second, these take one and a half minutes.
    static let refusalsToRevoke = 6

    /// How often a revoked gateway asks again, in case the cloud erred: rare enough to be no burden.
    static let revokedDelay: ClosedRange<Duration> = .seconds(1800)...(.seconds(3600))

    /// Attempts to reach the cloud for a deregistration, before the gateway forgets it without.
    static let attemptsToLeave = 3

    /// How long the token is used before it is refreshed, for a life in seconds: ten minutes, two minutes or ten seconds
    /// before its end, as IoTivity-Lite does. Nil for one that does not expire.
    static func refreshDelay(life: Int) -> Duration? {
        guard life >= 0 else { return nil }
        // A year; `expiresin` is the cloud's to choose and must not overflow a timer.
        let life = min(life, 31_536_000)
        switch life {
        case 3601...: return .seconds(life - 600)
        case 241...: return .seconds(life - 120)
        case 21...: return .seconds(life - 10)
        // A token that lives for no time at all must not make a loop without pause.
        default: return .seconds(max(life, 1))
        }
    }

    /// Between a sign of life and the next question for one.
    static let pingInterval: Duration = .seconds(20)
    /// How long a pong may take, and the pause after one that did not come.
    static let pingTimeout: Duration = .seconds(4)
    /// So many missing pongs in a row end the connection.
    static let missesToLose = 6

    /// How long a factory reset or a stop waits for the cloud's answer; IoTivity-Lite's reset delay.
    static let partingTimeout: Duration = .seconds(2)

    /// The pause before a failed store is tried again.
    static let storeRetry: ClosedRange<Duration> = .seconds(5)...(.seconds(10))

    /// The pause before a refused publication is tried again.
    static let publicationRetry: ClosedRange<Duration> = .seconds(30)...(.seconds(60))
}
