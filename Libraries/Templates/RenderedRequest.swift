/// An HTTP request, ready to be sent if nothing is unresolved.
public struct RenderedRequest: Sendable, Hashable {
    /// One header field.
    public struct Header: Sendable, Hashable {
        /// The name as the template writes it.
        public let name: String
        /// The value, without control characters.
        public let value: String

        /// Creates a header field.
        public init(name: String, value: String) {
            self.name = name
            self.value = value
        }
    }

    /// The method, upper case.
    public let method: String
    /// The absolute URL.
    public let url: String
    /// The header fields in the order of the template.
    public let headers: [Header]
    /// The body, JSON in UTF-8, or nil if the template has none.
    public let body: [UInt8]?
    /// Names of variables without a value, in order of appearance: their placeholders stand in the request as they are, so it must
    /// not be sent.
    public let unresolved: [String]
}
