import Synchronization

/// What somebody of this process is at, each once: tasks that claim under one worker cannot tell their claims apart by it.
public final class UnderWay<Element: Hashable & Sendable>: Sendable {
    private let elements = Mutex<Set<Element>>([])

    /// Nothing is under way yet.
    public init() {}

    /// How many they are.
    public var count: Int { elements.withLock { $0.count } }

    /// Takes an element up; false when somebody has it already.
    public func begin(_ element: Element) -> Bool {
        elements.withLock { $0.insert(element).inserted }
    }

    /// Lets it go.
    public func end(_ element: Element) {
        elements.withLock { _ = $0.remove(element) }
    }
}
