import Contracts
import Runtime
import Store
import Synchronization

/// Tells the executor what to do next, as its ``CallSchedule`` has it, and waits when there is nothing.
final class Dispatcher: Sendable {
    /// What to do next.
    enum Step: Sendable {
        /// Claim from a source.
        case claim(CallSchedule.Turn)
        /// Begin a call; whoever makes it goes on with what ``end(_:bytes:)`` gives.
        case call(Call)
    }

    private struct State {
        var schedule: CallSchedule
        var isStopped = false
    }

    private let state: Mutex<State>
    private let bell = Bell()

    init(limits: CallSchedule.Limits) {
        state = Mutex(State(schedule: CallSchedule(limits: limits)))
    }

    /// Sources have work, as far as anybody knows.
    func offer(_ sources: some Sequence<ReadySource>) {
        let isNews = state.withLock { state in
            sources.reduce(false) { isNews, source in state.schedule.offer(source) || isNews }
        }
        if isNews { bell.ring() }
    }

    /// Waits for something to do.
    ///
    /// - Returns: nil when there shall be no more.
    func next() async -> Step? {
        while !Task.isCancelled {
            let (step, isStopped) = state.withLock { state -> (Step?, Bool) in
                if state.isStopped { return (nil, true) }
                if let call = state.schedule.begin() { return (.call(call), false) }
                return (state.schedule.takeTurn().map(Step.claim), false)
            }
            if let step { return step }
            guard !isStopped, await bell.wait() else { return nil }
        }
        return nil
    }

    /// The source may have this many calls under way from now on.
    func limit(_ source: ReadySource, to concurrency: Int) {
        state.withLock { $0.schedule.limit(source, to: concurrency) }
    }

    /// A claim has come back; its exchanges are called in their turn.
    func add(_ calls: [Call], of source: ReadySource, concurrency: Int) {
        state.withLock { $0.schedule.add(calls, of: source, concurrency: concurrency) }
    }

    /// A call has ended, and its outcome, of so many bytes, waits to be recorded.
    ///
    /// - Returns: the call that takes its place.
    func end(_ call: Call, bytes: Int) -> Call? {
        let (next, hasTurn) = state.withLock { state in
            state.schedule.end(call.ready, bytes: bytes)
            return (state.isStopped ? nil : state.schedule.begin(), state.schedule.hasTurn)
        }
        if hasTurn { bell.ring() }
        return next
    }

    /// Outcomes are on disk.
    func recorded(_ count: Int, bytes: Int) {
        state.withLock { $0.schedule.recorded(count, bytes: bytes) }
        bell.ring()
    }

    /// Ends it: ``next()`` returns nil from now on.
    func stop() {
        state.withLock { $0.isStopped = true }
        bell.ring()
    }

    /// What was claimed and will not begin any more.
    func removeWaiting() -> [Call] {
        state.withLock { $0.schedule.removeWaiting() }
    }

    /// The claimed exchanges that have not begun.
    var waitingExchanges: [RunRequestID] { state.withLock { $0.schedule.waitingExchanges } }

    /// Takes out exchanges that have not begun; others are passed over.
    ///
    /// - Returns: how many.
    func remove(_ exchanges: [RunRequestID]) -> Int {
        let count = state.withLock { $0.schedule.remove(Set(exchanges)) }
        // There is room to claim others.
        if count > 0 { bell.ring() }
        return count
    }

    /// Calls under way.
    var callsInFlight: Int { state.withLock { $0.schedule.calling } }

    /// Claimed exchanges that wait for a place.
    var callsWaiting: Int { state.withLock { $0.schedule.waiting } }
}
