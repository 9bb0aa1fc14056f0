/// The bounds of one rendered request.
public struct TemplateLimits: Sendable, Hashable {
    /// The longest URL, in bytes. Default: 16 KiB.
    public var urlBytesMax: Int
    /// The longest header value, in bytes. Default: 8 KiB.
    public var headerBytesMax: Int
    /// The longest body, in bytes. Default: 16 MiB.
    public var bodyBytesMax: Int

    /// Creates bounds.
    public init(urlBytesMax: Int = 16 << 10, headerBytesMax: Int = 8 << 10, bodyBytesMax: Int = 16 << 20) {
        self.urlBytesMax = urlBytesMax
        self.headerBytesMax = headerBytesMax
        self.bodyBytesMax = bodyBytesMax
    }
}
