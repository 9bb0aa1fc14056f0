/// A request as hints and logs speak of it: which, whose, and in which trace.
public struct RequestReference: Sendable, Hashable {
    /// The request.
    public let id: ActivityRequestID
    /// The tenant.
    public let org: OrgID
    /// The trace of whoever asked; nil when they gave none.
    public let trace: TraceContext?

    /// A request that was accepted under a trace.
    public init(id: ActivityRequestID, org: OrgID, trace: TraceContext?) {
        self.id = id
        self.org = org
        self.trace = trace
    }

    /// A request as its row has it. A row that came by plain SQL may hold any text; what is no `traceparent` is ignored.
    public init(id: ActivityRequestID, org: OrgID, traceparent: String?) {
        self.init(id: id, org: org, trace: traceparent.flatMap { TraceContext(parsing: $0) })
    }
}
