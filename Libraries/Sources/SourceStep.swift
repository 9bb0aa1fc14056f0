/// What a source is called for: each of its request templates is one step. The one list of them; catalogue, store and executor go by it.
public enum SourceStep: String, Sendable, Hashable, CaseIterable {
    /// Asks, or submits a job. Every source has it.
    case run
    /// Asks how far a job is; there exactly if the source has jobs.
    case status
    /// Fetches a job's result; without it the status answer holds it.
    case delivery
    /// Ends a job that nobody wants any more.
    case abort
    /// Removes what a job has left at the API, after its result is stored or it was ended.
    case cleanup
    /// Asks whether a submission arrived, by `<<$submission_key>>`.
    case lookup

    /// The key of the step's template in a catalogue, and its column in the database.
    public var key: String { "\(rawValue)_request_template" }
}

extension SourceSetup {
    /// Whether the answers of a step may come in pages: those that hold what is mapped.
    public func isPaged(_ step: SourceStep) -> Bool {
        pagination != nil && step == (job == nil ? .run : .delivery)
    }
}
