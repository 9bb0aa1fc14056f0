/// Work that is not finished, at one moment. Counts end at the limits of the look: then they mean "at least".
public struct OpenWork: Sendable {
    /// Rows of one table in one state.
    public struct Rows: Sendable, Hashable {
        /// The table.
        public let entity: String
        /// The state.
        public let state: String
        /// How many.
        public let count: Int
    }

    /// A source with runs that wait for an executor.
    public struct Source: Sendable, Hashable {
        /// The key of its organization.
        public let org: String
        /// Its key.
        public let source: String
        /// How many of its runs are ready.
        public let readyRuns: Int
        /// How long the oldest has waited since it was made or taken up again, pauses included.
        public let oldestSeconds: Double
    }

    /// Webhooks that have not been taken yet.
    public struct Deliveries: Sendable, Hashable {
        /// To be posted now.
        public let due: Int
        /// To be posted again later.
        public let later: Int
        /// Under way.
        public let inProgress: Int
        /// For how long the oldest has been due.
        public let oldestDueSeconds: Double
    }

    /// What waits for one kind of service to take it up.
    public struct Stage: Sendable, Hashable {
        /// `expand`, `call`, `process`, `collect` or `deliver`.
        public let name: String
        /// How many requests, runs or webhooks wait.
        public let waiting: Int
        /// For how long the first of them has; nil: nobody knows.
        public let oldestSeconds: Double?
    }

    /// What waits between the services, in the order of the flow.
    public internal(set) var stages: [Stage] = []
    /// Rows by table and open state; without those of which there is none.
    public internal(set) var rows: [Rows] = []
    /// The sources whose ready runs have waited longest.
    public internal(set) var sources: [Source] = []
    /// Webhooks.
    public internal(set) var deliveries = Deliveries(due: 0, later: 0, inProgress: 0, oldestDueSeconds: 0)
    /// Stuck rows by the kinds of `etl_api.stuck_work()`; without those of which there is none.
    public internal(set) var stuck: [(kind: String, count: Int)] = []
    /// Rows in the default partition of each partitioned table.
    public internal(set) var defaultPartitions: [(table: String, count: Int)] = []

    init() {}
}
