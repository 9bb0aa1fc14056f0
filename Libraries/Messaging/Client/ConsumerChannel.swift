import Synchronization

/// What lies between the loop, which delivers, and the tasks that consume: messages, and the account of the credit.
///
/// For each broker the credit given equals `credit - held - returned`: what the consumer holds and what it has finished
/// but not yet reported is not at the broker's disposal.
final class ConsumerChannel: Sendable {
    private struct Waiter {
        let id: UInt64
        let continuation: CheckedContinuation<[BusMessage]?, Never>
    }

    private struct State {
        var buffer: [BusMessage] = []
        var waiters: [Waiter] = []
        var nextWaiterID: UInt64 = 0
        var isEnded = false
        /// Messages delivered and not finished, by link.
        var held: [Int]
        /// Messages finished and not reported to the broker, by link.
        var returned: [Int]
    }

    let id: UInt32
    let topics: [String]
    let credit: Int
    private let topicBytes: [[UInt8]]
    /// Credit goes back in parcels of an eighth, which delays a message by nothing while the rest is in use.
    private let parcel: Int
    private let wakeUp: WakeUp
    private let state: Mutex<State>

    init(id: UInt32, topics: [String], credit: Int, links: Int, wakeUp: WakeUp) {
        self.id = id
        self.topics = topics
        self.credit = credit
        self.topicBytes = topics.map { Array($0.utf8) }
        self.parcel = max(1, credit / 8)
        self.wakeUp = wakeUp
        let zeros = [Int](repeating: 0, count: links)
        self.state = Mutex(State(held: zeros, returned: zeros))
    }

    // MARK: On the loop

    /// The consumer's own string for a topic on the wire, so that receiving a message makes none.
    func topicName(_ bytes: UnsafeRawBufferPointer) -> String {
        for (index, known) in topicBytes.enumerated() where known.elementsEqual(bytes) {
            return topics[index]
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Hands messages over. They are given back at once if the consumer has ended.
    func deliver(_ messages: [BusMessage], link: Int) {
        let waiter = state.withLock { state -> (Waiter, [BusMessage])? in
            state.held[link] += messages.count
            guard !state.isEnded else { return nil }
            state.buffer += messages
            guard !state.waiters.isEmpty else { return nil }
            let batch = state.buffer
            state.buffer = []
            return (state.waiters.removeFirst(), batch)
        }
        guard let (first, batch) = waiter else { return }
        first.continuation.resume(returning: batch)
    }

    /// The credit to report to a broker that has the rest on its account; 0 if there is nothing to report.
    func takeReturned(link: Int) -> Int {
        state.withLock { state in
            defer { state.returned[link] = 0 }
            return state.returned[link]
        }
    }

    /// Whether a parcel is full, or the consumer has nothing left to do.
    func hasParcel(link: Int) -> Bool {
        state.withLock { isParcelFull($0, link: link) }
    }

    /// The credit for a broker that has nothing on its account yet.
    func openAccount(link: Int) -> Int {
        state.withLock { state in
            state.returned[link] = 0
            return max(0, credit - state.held[link])
        }
    }

    // MARK: On the tasks

    /// The messages that have arrived, waiting for the first; `nil` when the consumer has ended or the task is cancelled.
    func next() async -> [BusMessage]? {
        let id = state.withLock { state in
            state.nextWaiterID += 1
            return state.nextWaiterID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ready = state.withLock { state -> [BusMessage]?? in
                    if state.isEnded || Task.isCancelled { return .some(nil) }
                    guard state.buffer.isEmpty else {
                        defer { state.buffer = [] }
                        return state.buffer
                    }
                    state.waiters.append(Waiter(id: id, continuation: continuation))
                    return .none
                }
                if let ready { continuation.resume(returning: ready) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
            }
            waiter?.continuation.resume(returning: nil)
        }
    }

    /// One message of a link is finished.
    func giveBack(link: Int) {
        let mustWake = state.withLock { state in
            state.held[link] -= 1
            state.returned[link] += 1
            return isParcelFull(state, link: link)
        }
        if mustWake { wakeUp.signal() }
    }

    /// Ends all waiting and drops what nobody has taken.
    func end() {
        let (waiters, dropped) = state.withLock { state in
            defer {
                state.isEnded = true
                state.waiters = []
                state.buffer = []
            }
            return (state.waiters, state.buffer)
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
        // Their receipts give back credit and answer commands, which takes this channel's lock: outside of it.
        withExtendedLifetime(dropped) {}
    }

    private func isParcelFull(_ state: State, link: Int) -> Bool {
        state.returned[link] >= parcel || (state.returned[link] > 0 && state.held[link] == 0)
    }
}
