import Postgres

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// How good the data is that a request has brought, or that a source has given since a moment.
public struct DataQuality: Sendable {
    /// How many objects have a value for a datapoint of a source.
    public struct Coverage: Sendable {
        /// The key of the source.
        public let source: String
        /// The key of the datapoint.
        public let datapoint: String
        /// Objects that the source was asked about, or has found.
        public let objects: Int
        /// Those of them with a value.
        public let withValue: Int
        /// Those of which the answer says `null`.
        public let withNull: Int
        /// Those whose answer holds nothing at the datapoint's paths, or nothing that could be converted.
        public let withNothing: Int
        /// Those without a usable answer, or with none yet.
        public let unanswered: Int
    }

    /// What answers hold and runs could not convert: one kind of it.
    public struct Conversion: Sendable {
        /// The key of the source.
        public let source: String
        /// The key of the datapoint; nil where the name of an object was expected.
        public let datapoint: String?
        /// How many there are, of those that runs keep.
        public let count: Int
        /// The first objects.
        public let objects: [String]
        /// The place of the first in its answer.
        public let path: String
        /// What stands there.
        public let found: String
        /// What is wrong with it.
        public let reason: String
    }

    /// Objects of which runs of one request found different values for a datapoint.
    public struct Conflict: Sendable {
        /// The key of the datapoint.
        public let datapoint: String
        /// How many objects there are.
        public let count: Int
        /// The first of them, as JSON: `[{"object": …, "request": …, "values": [{"source": …, "run": …, "value": …}]}]`.
        public let examples: JSONB
    }

    /// Answers that gave nothing.
    public struct Emptiness: Sendable {
        /// The key of the source.
        public let source: String
        /// `no_data`, `nothing_mapped` or `empty`.
        public let kind: String
        /// How many runs.
        public let runs: Int
        /// The first objects.
        public let objects: [String]
        /// Why, of the first.
        public let reason: String?
    }

    /// Runs that ended without success.
    public struct Failure: Sendable {
        /// The key of the source.
        public let source: String
        /// `failed`, `invalid` or `timedout`.
        public let state: String
        /// Why, a short word for programs.
        public let substate: String?
        /// How many runs.
        public let runs: Int
        /// The first objects.
        public let objects: [String]
        /// Why, of the first.
        public let reason: String?
    }

    /// How many runs this is about, and how many of them are open still.
    public internal(set) var runs: (total: Int, open: Int) = (0, 0)
    /// When the oldest of them was made; nil when there are none.
    public internal(set) var oldestRunAt: Date?
    /// Whether there are more runs than were looked at.
    public internal(set) var isCut = false
    /// Of each source and datapoint.
    public internal(set) var coverage: [Coverage] = []
    /// The most frequent first, like all that follows.
    public internal(set) var conversions: [Conversion] = []
    /// By datapoint.
    public internal(set) var conflicts: [Conflict] = []
    /// By source and kind.
    public internal(set) var emptyAnswers: [Emptiness] = []
    /// By source, state and substate.
    public internal(set) var failures: [Failure] = []
}
