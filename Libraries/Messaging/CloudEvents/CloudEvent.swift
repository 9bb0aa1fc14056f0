/// A CloudEvents 1.0 event in its JSON form: the body of every message on the bus.
///
/// `specversion` is always "1.0" and `datacontenttype` always "application/json". The data stay the bytes they were, and
/// attributes that this version of Weir does not know are kept, so that a reader may be older than a writer.
public struct CloudEvent: Sendable, Equatable {
    /// Identifies the event together with ``source``.
    public var id: String
    /// Where the event happened: a URI reference such as `/weir/intake`.
    public var source: String
    /// What happened: `dev.weir.<noun>.<past participle>.v1`.
    public var type: String
    /// When it happened, as RFC 3339 text.
    public var time: String?
    /// What it happened to, within the source.
    public var subject: String?
    /// The extension `orgid`: the organization it is about. It carries no authority.
    public var orgID: String?
    /// The extension `traceparent`: the W3C trace context.
    public var traceparent: String?
    /// The event's data as JSON text; empty if there are none.
    public var data: [UInt8]
    /// All other attributes by name, each value as JSON text.
    public var extensions: [String: [UInt8]]

    /// An event of its parts.
    ///
    /// - Parameter data: well-formed JSON text, or nothing. It is written as it is.
    public init(
        id: String, source: String, type: String, time: String? = nil, subject: String? = nil, orgID: String? = nil,
        traceparent: String? = nil, data: [UInt8] = [], extensions: [String: [UInt8]] = [:]
    ) {
        self.id = id
        self.source = source
        self.type = type
        self.time = time
        self.subject = subject
        self.orgID = orgID
        self.traceparent = traceparent
        self.data = data
        self.extensions = extensions
    }
}
