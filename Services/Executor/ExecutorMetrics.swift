import Runtime
import Store

/// What an executor counts; the calls of each source are counted by ``SourceCallMetrics``.
struct ExecutorMetrics: Sendable {
    let claimed: PrometheusCounter
    let dropped: PrometheusCounter
    let exchangeSeconds: PrometheusHistogram
    let recordSeconds: PrometheusHistogram
    private let failed: PrometheusCounter
    private let outcomes: [String: PrometheusCounter]

    /// Registers the metrics.
    init(_ registry: PrometheusRegistry, dispatcher: Dispatcher, exchangesMax: Int) {
        claimed = registry.counter("weir_executor_exchanges_claimed_total", "HTTP exchanges begun.")
        failed = registry.counter(
            "weir_executor_exchanges_failed_total", "HTTP exchanges that brought no usable answer.")
        dropped = registry.counter(
            "weir_executor_exchanges_dropped_total", "HTTP exchanges given up because nobody wants their runs any more."
        )
        exchangeSeconds = registry.histogram(
            "weir_executor_exchange_seconds", "Duration of HTTP exchanges.", buckets: .seconds)
        recordSeconds = registry.histogram(
            "weir_executor_record_seconds", "How long it takes to record a batch of outcomes.", buckets: .seconds)
        let pairs = ["answered", "retried", "postponed", "failed", "timedout"].map { outcome in
            (
                outcome,
                registry.counter(
                    "weir_executor_exchanges_total", "HTTP exchanges that ended, by what becomes of their runs.",
                    labels: [("outcome", outcome)])
            )
        }
        outcomes = Dictionary(uniqueKeysWithValues: pairs)
        registry.sampledGauge("weir_executor_exchanges_max", "HTTP exchanges that may be under way at once.") {
            Double(exchangesMax)
        }
        registry.sampledGauge("weir_executor_exchanges_in_flight", "HTTP exchanges under way.") {
            Double(dispatcher.callsInFlight)
        }
        registry.sampledGauge("weir_executor_exchanges_waiting", "Claimed HTTP exchanges that wait for a place.") {
            Double(dispatcher.callsWaiting)
        }
        registry.sampledGauge("weir_executor_exchanges_unrecorded", "Outcomes that are not in the database yet.") {
            Double(dispatcher.outcomesUnrecorded)
        }
    }

    /// Counts what an exchange came to.
    func note(_ outcome: RecordedOutcome) {
        outcomes[outcome.name]?.increment()
        if case .failure = outcome { failed.increment() }
    }
}

extension RecordedOutcome {
    /// As ``ExecutorMetrics`` names it. Runs that share an exchange may have been tried unequally often: the name is that of those that
    /// were tried most.
    fileprivate var name: String {
        guard case .failure(let failure) = self else { return "answered" }
        return switch failure.verdicts.last?.outcome {
        case .retry: "retried"
        case .postponed: "postponed"
        case .timedout: "timedout"
        case .failed, nil: "failed"
        }
    }
}
