/// Sees each call of an exchange and its answer, with every secret masked: for `weir source test`.
public protocol ExchangeObserver: Sendable {
    /// A call has ended.
    func observe(_ call: ObservedCall)
}

/// A call with its answer, as it may be shown.
public struct ObservedCall: Sendable {
    /// A header field.
    public struct Header: Sendable, Hashable {
        /// As sent.
        public var name: String
        /// Every secret masked.
        public var value: String
    }

    /// What it was for.
    public enum Purpose: Sendable, Hashable {
        /// The step itself, or one of its pages.
        case step
        /// A token. Its answer is not shown.
        case token
    }

    /// An answer.
    public struct Answer: Sendable, Hashable {
        /// The HTTP status.
        public var status: Int
        /// Its header.
        public var headers: [Header]
        /// Its body; empty for a token.
        public var body: [UInt8]
    }

    /// What it was for.
    public var purpose: Purpose
    /// GET, POST, ….
    public var method: String
    /// The address as called.
    public var url: String
    /// The header fields of the request.
    public var headers: [Header]
    /// The body of the request.
    public var body: [UInt8]?
    /// The answer; nil when none came.
    public var answer: Answer?
    /// Why none came.
    public var error: String?
    /// How long it took, in milliseconds.
    public var milliseconds: Float
}
