public import JSON

/// What a source is called for: each of its request templates is one step.
public enum SourceStep: String, Sendable, Hashable, CaseIterable {
    /// Asks, or submits a job.
    case run
    /// Asks how far a job is.
    case status
    /// Fetches a job's result.
    case delivery
    /// Ends a job.
    case abort
    /// Removes what a job has left at the API.
    case cleanup
    /// Asks whether a submission arrived.
    case lookup
}

extension SourceTemplates {
    /// The template of a step; nil if the source has none.
    public subscript(step: SourceStep) -> JSONValue? {
        switch step {
        case .run: run
        case .status: status
        case .delivery: delivery
        case .abort: abort
        case .cleanup: cleanup
        case .lookup: lookup
        }
    }
}

extension SourceSetup {
    /// Whether the answers of a step may come in pages: those that hold what is mapped.
    public func isPaged(_ step: SourceStep) -> Bool {
        pagination != nil && step == (job == nil ? .run : .delivery)
    }
}
