import Synchronization

/// Names for test databases, each given once.
final class DatabaseNames: Sendable {
    private let last = Atomic<Int>(0)

    func next() -> String {
        "test_\(last.add(1, ordering: .relaxed).newValue)"
    }
}
