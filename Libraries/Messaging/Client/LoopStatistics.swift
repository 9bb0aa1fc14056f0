import Synchronization

/// The counters that the loop keeps, readable from anywhere.
final class LoopStatistics: Sendable {
    private let counters = Mutex(BusClientStatistics())

    var current: BusClientStatistics { counters.withLock { $0 } }

    func update(_ change: (inout BusClientStatistics) -> Void) {
        counters.withLock { change(&$0) }
    }
}
