import Messaging

/// Says when the bus goes away and when it is back. Its feed for observers only falls silent, which looks as if nothing happened.
struct BusWatch {
    private static let interval: Duration = .seconds(1)
    /// A bus that hangs is as good as gone.
    private static let patience: Duration = .seconds(3)

    let client: BusClient
    let console: Console

    /// Watches a bus that answers now, until the task is cancelled.
    func run() async {
        var isThere = true
        var lost = sessionsLost
        while true {
            // How often the bus is asked: an outage is said a moment later.
            guard (try? await Task.sleep(for: Self.interval)) != nil else { return }
            let answers = (try? await client.ping(timeout: Self.patience)) != nil
            guard !Task.isCancelled else { return }
            // One that was back before anybody noticed has lost its session all the same.
            let wasAway = sessionsLost != lost
            if isThere, !answers || wasAway {
                console.note("the bus is gone: nothing can be seen until it is back")
            }
            if answers, !isThere || wasAway {
                console.note("the bus is back; what went over it meanwhile was not seen")
                lost = sessionsLost
            }
            isThere = answers
        }
    }

    private var sessionsLost: Int {
        let statistics = client.statistics
        return statistics.sessions - statistics.connectedEndpoints
    }
}
