public import JSON

/// The requests of a source, as JSON templates (`docs/catalogue.md`): spec 2.2, and beyond it abort, cleanup and look-up.
public struct SourceTemplates: Sendable, Hashable {
    /// Asks, or submits a job.
    public var run: JSONValue
    /// Asks how far a job is; there exactly if the source has jobs.
    public var status: JSONValue?
    /// Fetches a job's result; nil: the status answer holds it.
    public var delivery: JSONValue?
    /// Ends a job that nobody wants any more.
    public var abort: JSONValue?
    /// Removes what a job has left at the API, after its result is stored or it was ended.
    public var cleanup: JSONValue?
    /// Asks whether a submission arrived, by `<<$submission_key>>`.
    public var lookup: JSONValue?

    /// Templates.
    public init(
        run: JSONValue, status: JSONValue? = nil, delivery: JSONValue? = nil, abort: JSONValue? = nil,
        cleanup: JSONValue? = nil, lookup: JSONValue? = nil
    ) {
        self.run = run
        self.status = status
        self.delivery = delivery
        self.abort = abort
        self.cleanup = cleanup
        self.lookup = lookup
    }
}
