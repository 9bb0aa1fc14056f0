import Contracts
import Store
import Synchronization

/// What this process posts and is to post, shared by the tasks that claim, post and record.
final class PostsUnderWay: Sendable {
    private struct State {
        var schedule: DeliverySchedule
        var pace = SurveyPace()
        /// The deliveries that were claimed and are not recorded yet, and how many attempts of each: its record may be on disk, and it be claimed
        /// again, before the record is known to be.
        var unrecorded: [DeliveryID: Int] = [:]
    }

    private let state: Mutex<State>
    private let unrecordedMax: Int

    init(limits: DeliverySchedule.Limits) {
        state = Mutex(State(schedule: DeliverySchedule(limits: limits)))
        unrecordedMax = limits.postsMax * 2
    }

    /// How many posts are under way.
    var count: Int { state.withLock { $0.schedule.posting } }

    /// The deliveries that were claimed and are not recorded yet.
    var unrecorded: [DeliveryID] { state.withLock { Array($0.unrecorded.keys) } }

    /// When time alone brings something to do.
    var wake: ContinuousClock.Instant? { state.withLock { $0.pace.wake } }

    /// There may be deliveries that nobody here knows of.
    func noteNews() {
        state.withLock { $0.pace.note() }
    }

    /// Whether to look for work now.
    func takeSurvey() -> Bool { state.withLock { $0.pace.takeTurn(.now) } }

    /// Endpoints have work.
    func offer(_ work: [EndpointWork], lookedFrom start: ContinuousClock.Instant) {
        state.withLock { state in
            var wait: Duration?
            for one in work where !one.isEnded {
                if one.wait <= .zero { state.schedule.offer(one) } else { wait = min(wait ?? one.wait, one.wait) }
            }
            state.pace.looked(from: start, to: .now, wait: wait)
        }
    }

    /// What to claim now; nil when there is nothing, no room for it, or too much waits to be recorded.
    func takeTurns() -> [EndpointTurn]? {
        state.withLock { state in
            guard state.unrecorded.count < unrecordedMax else { return nil }
            let turns = state.schedule.takeTurns()
            return turns.isEmpty ? nil : turns
        }
    }

    /// The claim of turns was not answered.
    func returned(_ turns: [EndpointTurn]) {
        state.withLock { $0.schedule.returned(turns) }
    }

    /// Deliveries were claimed and are being posted.
    func begin(_ deliveries: [ClaimedDelivery], of turns: [EndpointTurn]) {
        state.withLock { state in
            for delivery in deliveries { state.unrecorded[delivery.id, default: 0] += 1 }
            state.schedule.claimed(deliveries.map(\.endpoint), of: turns)
        }
    }

    /// A post has ended. One that failed keeps its place until it is on disk: it may have opened the breaker, or disabled the endpoint.
    func end(_ attempt: DeliveryAttempt) {
        state.withLock { state in
            if attempt.hasFailed {
                state.schedule.fail(attempt.delivery.endpoint)
            } else {
                state.schedule.end(attempt.delivery.endpoint, attempt.finding)
            }
        }
    }

    /// Attempts are on disk.
    func recorded(_ attempts: [DeliveryAttempt]) {
        state.withLock { state in
            for attempt in attempts {
                let id = attempt.delivery.id
                let others = state.unrecorded[id, default: 1] - 1
                state.unrecorded[id] = others > 0 ? others : nil
            }
            for attempt in attempts where attempt.hasFailed {
                state.schedule.end(attempt.delivery.endpoint, attempt.finding)
            }
        }
    }
}

extension DeliveryAttempt {
    fileprivate var hasFailed: Bool {
        switch finding {
        case .notTaken, .gone, .incomplete: true
        case .taken, .none: false
        }
    }
}
