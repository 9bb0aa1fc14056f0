/// A number of things in a sentence: `1 run`, `2 runs`.
public struct Quantity: Sendable, Equatable, CustomStringConvertible {
    /// How many.
    public let count: Int
    private let one: String
    private let several: String

    /// - Parameters:
    ///   - one: the word for one of them.
    ///   - several: the word for none or more than one; without it, the first with an s.
    public init(_ count: Int, _ one: String, _ several: String? = nil) {
        self.count = count
        self.one = one
        self.several = several ?? one + "s"
    }

    /// The word alone, as the number asks for it.
    public var noun: String { count == 1 ? one : several }

    /// The number and the word.
    public var description: String { "\(count) \(noun)" }
}
