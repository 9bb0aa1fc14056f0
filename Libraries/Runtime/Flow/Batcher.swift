import Synchronization

/// Gathers single items into batches without making the first one wait.
///
/// A flight takes what has queued up since the last one began. When nothing is under way an item goes at once; under load the
/// batches grow by themselves, up to their bound, and only full ones begin beside another.
public final class Batcher<Item: Sendable>: Sendable {
    private struct State {
        var items: [Item] = []
        var isFinished = false
        var flying = 0
    }

    private let state = Mutex(State())
    private let bell = Bell()
    private let itemsMax: Int
    private let weightMax: Int
    private let weight: @Sendable (Item) -> Int
    private let flights: Int
    private let gathering: Duration

    /// A batcher that has no items yet.
    ///
    /// - Parameters:
    ///   - itemsMax: the most items of a batch.
    ///   - weightMax: a batch ends with the item that reaches this weight, such as bytes.
    ///   - weight: the weight of an item.
    ///   - flights: how many batches may be under way at once.
    ///   - gathering: how long to wait after a batch of many, unless many have queued up again: a statement costs about the same for
    ///     ten rows as for a hundred. After a batch of few nothing waits.
    public init(
        itemsMax: Int, weightMax: Int = .max, flights: Int = 1, gathering: Duration = .zero,
        weight: @escaping @Sendable (Item) -> Int = { _ in 0 }
    ) {
        self.itemsMax = itemsMax
        self.weightMax = weightMax
        self.flights = flights
        self.gathering = gathering
        self.weight = weight
    }

    /// Queues an item. The caller bounds how many it has outstanding.
    public func submit(_ item: Item) {
        state.withLock { $0.items.append(item) }
        bell.ring()
    }

    /// No item comes after this; ``run(_:)`` returns when all are handled.
    public func finish() {
        state.withLock { $0.isFinished = true }
        for _ in 0..<flights { bell.ring() }
    }

    /// Hands batches to `handle` until ``finish()`` is called and nothing is left, or the task is cancelled.
    public func run(_ handle: @escaping @Sendable ([Item]) async -> Void) async {
        await withDiscardingTaskGroup { group in
            for _ in 0..<flights {
                group.addTask {
                    while await self.bell.wait() {
                        while let batch = self.takeBatch() {
                            await handle(batch)
                            await self.gather(after: batch.count)
                            self.state.withLock { $0.flying -= 1 }
                        }
                        if self.state.withLock({ $0.isFinished && $0.items.isEmpty }) {
                            // One ring may have woken one flight only.
                            self.bell.ring()
                            return
                        }
                    }
                }
            }
        }
    }

    private func gather(after count: Int) async {
        guard gathering > .zero, count >= itemsMax / 20 else { return }
        let mayWait = state.withLock { !$0.isFinished && $0.items.count < itemsMax / 2 }
        // Not a poll: it trades milliseconds under load for larger statements. A cancelled task does not wait.
        if mayWait { try? await Task.sleep(for: gathering) }
    }

    private func takeBatch() -> [Item]? {
        state.withLock { state in
            if state.items.isEmpty { return nil }
            // Besides the first flight only full ones start: under load that makes batches large.
            if state.flying > 0, state.items.count < itemsMax, !state.isFinished { return nil }
            state.flying += 1
            var count = 0
            var total = 0
            while count < state.items.count, count < itemsMax, total < weightMax {
                total += weight(state.items[count])
                count += 1
            }
            if count == state.items.count {
                defer { state.items = [] }
                return state.items
            }
            let batch = Array(state.items[..<count])
            state.items.removeFirst(count)
            return batch
        }
    }
}
