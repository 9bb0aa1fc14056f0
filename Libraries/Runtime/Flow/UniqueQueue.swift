import Synchronization

/// A queue in which everything stands at most once: saying again what waits already changes nothing.
public final class UniqueQueue<Element: Hashable & Sendable>: Sendable {
    private struct State {
        var elements: [Element] = []
        var known: Set<Element> = []
    }

    private let state = Mutex(State())
    private let bell = Bell()

    /// An empty queue.
    public init() {}

    /// Adds what does not wait yet.
    public func add(_ elements: some Sequence<Element>) {
        let isNew = state.withLock { state in
            var isNew = false
            for element in elements where state.known.insert(element).inserted {
                state.elements.append(element)
                isNew = true
            }
            return isNew
        }
        if isNew { bell.ring() }
    }

    /// Takes the element that has waited longest, and waits for one when there is none.
    ///
    /// - Returns: nil when the task was cancelled.
    public func next() async -> Element? {
        while !Task.isCancelled {
            let (element, isMore) = state.withLock { state -> (Element?, Bool) in
                guard !state.elements.isEmpty else { return (nil, false) }
                let first = state.elements.removeFirst()
                state.known.remove(first)
                return (first, !state.elements.isEmpty)
            }
            // One ring wakes one taker; whoever leaves something behind wakes the next.
            if isMore { bell.ring() }
            if let element { return element }
            guard await bell.wait() else { return nil }
        }
        return nil
    }
}
