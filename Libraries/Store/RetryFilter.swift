import Contracts

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Which ended runs to take up again.
public struct RetryFilter: Sendable {
    /// What is looked through.
    public enum Scope: Sendable {
        /// The runs of one request, from the object of a place on.
        case request(ActivityRequestID, from: Int)
        /// The runs made between two moments, from a run on.
        case runs(after: RunID?, since: Date, until: Date)
        /// One run.
        case run(RunID)
    }

    /// What is looked through.
    public let scope: Scope
    /// `failed`, `timedout`, `invalid`.
    public let states: [String]
    /// The key of the source; nil for all.
    public let source: String?
    /// Whether runs are meant, too, that somebody cancelled.
    public let includesCancelled: Bool

    /// A filter.
    public init(scope: Scope, states: [String], source: String?, includesCancelled: Bool = true) {
        self.scope = scope
        self.states = states
        self.source = source
        self.includesCancelled = includesCancelled
    }
}

/// What became of one page of runs.
public struct RetryPage: Sendable {
    /// Runs that are ready again.
    public let retried: Int
    /// Requests that were over and go on.
    public let requests: Int
    /// Where the next page begins; nil after the last.
    public let next: RetryFilter.Scope?
    /// The sources that have work now.
    public let sources: [ReadySource]
}

/// What would become of one page of runs.
public struct RetryPreview: Sendable {
    /// Runs that are alike.
    public struct Group: Sendable, Equatable {
        /// `failed`, `timedout` or `invalid`.
        public let state: String
        /// Why they are in it, a word for programs.
        public let substate: String?
        /// The key of their source; nil when it is gone.
        public let source: String?
        /// How many.
        public let count: Int
    }

    /// The runs that would be ready again, the most numerous first.
    public let groups: [Group]
    /// Whether the request would go on making runs that it does not have yet.
    public let makesRuns: Bool
    /// Where the next page begins; nil after the last.
    public let next: RetryFilter.Scope?
}

extension RetryFilter {
    /// Whether a request itself is taken up again, not only runs of it.
    var isAboutOneRequest: Bool {
        if case .request = scope { true } else { false }
    }
}

/// Why a single run is not taken up again.
public enum NoRetry: Error {
    /// The organization has no such run.
    case unknown
    /// It is in a state from which it is not taken up.
    case notEnded(state: String)
    /// Its request was ended before all of its runs were made, and would go on making them.
    case unexpanded(ActivityRequestID)
}

/// A filter names a source that the organization does not have.
public struct UnknownSource: Error {
    /// What was named.
    public let key: String
    /// The keys of those that there are.
    public let known: [String]
}
