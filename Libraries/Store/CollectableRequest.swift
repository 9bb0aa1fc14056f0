import Contracts
import Postgres

/// A request whose runs are all closed and whose result this worker collects.
public struct CollectableRequest: Sendable {
    /// The request.
    public let id: ActivityRequestID
    /// The tenant.
    public let org: OrgID
    /// Who collects it.
    let worker: WorkerID
    /// Which claim of the request this is; the next one voids it.
    let attempt: Int
    /// How often it has been taken up: which of its results this is.
    public var round = 1
    /// The key of its activity.
    public let activity: String
    /// How many objects it has.
    public let objectCount: Int
    /// Whether its runs have found them.
    public var findsObjects = false
    /// Whether more were found than it may have.
    public var isCut = false
    /// What its objects are held against; nil unless its activity is a sourcing.
    public var criteria: Criteria?
    /// Its runs by outcome.
    public let counts: RunCounts
    /// How many runs it comes to: more than it has when it was ended before all of them were made.
    public let runsWanted: Int
    /// The keys of the datapoints that its sources yield.
    public let datapointKeys: [DatapointID: String]
    /// Why it was ended before all of its runs were; nil when it was not.
    public let stop: (cause: StopCause, reason: String)?
    /// The step of a workflow that it carries out; nil outside of workflows.
    public internal(set) var step: CollectableStep?
    /// The trace of whoever asked; nil when they gave none.
    public internal(set) var trace: TraceContext?

    /// The request as hints and logs speak of it.
    public var reference: RequestReference { RequestReference(id: id, org: org, trace: trace) }
}

/// The step of a workflow that a request carries out.
public struct CollectableStep: Sendable {
    /// The workflow request.
    public let workflow: WorkflowRequestID
    /// Whether its objects have come from the steps before it.
    public let gathersObjects: Bool
    /// How many objects its bound has left out, and the bound.
    public let leftOut: (objects: Int, bound: Int)
}

/// Why a chunk was not stored: the request was taken up again, or another worker has it.
public struct CollectionLost: Error {}

/// What a run contributes to a result.
public struct ResultRow: Sendable {
    /// The object's place in the request.
    public let position: Int
    /// The object's name as the client wrote it.
    public let name: String
    /// The state of the run.
    public let state: String
    /// Why the run ended as it did, when there is something to say.
    public let reason: String?
    /// The values that it found, as JSON.
    public let values: [(datapoint: DatapointID, json: JSONB)]
}

/// The factors of a sourcing.
public struct Criteria: Sendable {
    /// A factor, as the catalogue has it.
    public struct FactorRecord: Sendable {
        /// Its key.
        public let key: String
        /// The datapoint that it looks at.
        public let datapoint: DatapointID
        /// The names of the object type and of the datapoint, for sentences.
        public let names: (objectType: String, datapoint: String)
        /// `guardrail` or `usecase`.
        public let use: String
        /// `volume`, `boolean`, ….
        public let type: String
        /// `equals`, `greater_than`, ….
        public let comparison: String
        /// What the datapoint is compared with, as JSON.
        public let value: JSONB?
    }

    /// How they are combined, as JSON.
    public let expression: JSONB
    /// The factors that the expression names, as far as there are any.
    public let factors: [FactorRecord]
}

/// Whether an object meets the factors of its request.
public struct ObjectVerdict: Sendable {
    /// The object's place in the request.
    public let position: Int
    /// Whether it is known to meet them.
    public let isQualified: Bool
    /// What each factor came to, as JSON.
    public let factors: JSONB

    /// A verdict on an object.
    public init(position: Int, isQualified: Bool, factors: JSONB) {
        self.position = position
        self.isQualified = isQualified
        self.factors = factors
    }
}

/// A part of a result: NDJSON of consecutive objects.
public struct ResultChunk: Sendable {
    /// The objects' places in the request.
    public let positions: Range<Int>
    /// The lines.
    public let body: [UInt8]
    /// Which of the objects meet the factors; empty unless that was asked.
    public let verdicts: [ObjectVerdict]

    /// A chunk.
    public init(positions: Range<Int>, body: [UInt8], verdicts: [ObjectVerdict] = []) {
        self.positions = positions
        self.body = body
        self.verdicts = verdicts
    }
}
