import Messaging
import Synchronization

/// What the broker's loop shares with everybody else: the wish to stop, and the counters.
final class BrokerControl: Sendable {
    let wakeUp: WakeUp
    private let stopping = Atomic<Bool>(false)
    private let statistics = Mutex(BusBrokerStatistics())
    private let topics = Mutex<[String: BusTopicStatistics]>([:])

    init() throws(MessagingError) {
        wakeUp = try WakeUp()
    }

    var isStopping: Bool { stopping.load(ordering: .acquiring) }

    func stop() {
        stopping.store(true, ordering: .releasing)
        wakeUp.signal()
    }

    var current: BusBrokerStatistics { statistics.withLock { $0 } }

    var currentTopics: [String: BusTopicStatistics] { topics.withLock { $0 } }

    func publish(_ snapshot: [String: BusTopicStatistics]) {
        topics.withLock { $0 = snapshot }
    }

    func publish(_ snapshot: BusBrokerStatistics) {
        statistics.withLock { $0 = snapshot }
    }
}
