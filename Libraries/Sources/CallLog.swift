/// One HTTP call that was made, as it may be shown: without the secrets that it carried.
public struct CallLog: Sendable, Hashable {
    /// GET, POST, ….
    public var method: String
    /// The address as called, every secret masked.
    public var url: String
    /// The HTTP status; nil when no answer came.
    public var status: Int?
    /// From the first byte sent to the last received, in milliseconds.
    public var milliseconds: Float
    /// The bytes of the answer's body.
    public var responseBytes: Int
    /// Why the answer could not be used, a sentence; nil when it could.
    public var error: String?
    /// The beginning of an answer that could not be used, every secret masked.
    public var answer: String?

    /// A line.
    public init(
        method: String, url: String, status: Int? = nil, milliseconds: Float, responseBytes: Int = 0,
        error: String? = nil, answer: String? = nil
    ) {
        self.method = method
        self.url = url
        self.status = status
        self.milliseconds = milliseconds
        self.responseBytes = responseBytes
        self.error = error
        self.answer = answer
    }
}
