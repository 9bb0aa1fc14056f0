/// The metrics that services tell observers of, by the names under which `/metrics` prints them: what `weir top` shows.
public enum ReportedMetric: String, CaseIterable, Sendable {
    case cpuSeconds = "process_cpu_seconds_total"
    case residentBytes = "process_resident_memory_bytes"
    case connections = "weir_postgres_connections"
    case connectionsMax = "weir_postgres_connections_max"
    case connectionWaiters = "weir_postgres_waiters"

    case requests = "weir_intake_requests_total"
    case runsMade = "weir_intake_runs_total"
    case expandSeconds = "weir_intake_expand_seconds"
    case expansionsInFlight = "weir_intake_expansions_in_flight"

    case exchanges = "weir_executor_exchanges_total"
    case exchangeSeconds = "weir_executor_exchange_seconds"
    case exchangesInFlight = "weir_executor_exchanges_in_flight"
    case exchangesMax = "weir_executor_exchanges_max"

    case runsProcessed = "weir_processor_runs_total"
    case batchSeconds = "weir_processor_batch_seconds"
    case results = "weir_processor_results_total"
    case resultSeconds = "weir_processor_result_seconds"
    case resultsInFlight = "weir_processor_results_in_flight"

    case attempts = "weir_delivery_attempts_total"
    case postSeconds = "weir_delivery_post_seconds"
    case postsInFlight = "weir_delivery_posts_in_flight"
    case postsMax = "weir_delivery_posts_max"

    case stageWaiting = "weir_stage_waiting"
    case stageOldestSeconds = "weir_stage_oldest_waiting_seconds"

    case busReceived = "weir_bus_received_total"
    case busDelivered = "weir_bus_delivered_total"
    case busMerged = "weir_bus_merged_total"
    case busDropped = "weir_bus_dropped_total"
    case busWaiting = "weir_bus_waiting"
    case busCredit = "weir_bus_credit"

    /// The names of all.
    public static let names = Set(allCases.map(\.rawValue))
}
