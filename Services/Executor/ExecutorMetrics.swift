import Runtime

/// What an executor counts.
struct ExecutorMetrics: Sendable {
    let claimed: PrometheusCounter
    let failed: PrometheusCounter
    let dropped: PrometheusCounter
    let exchangeSeconds: PrometheusHistogram

    init(_ registry: PrometheusRegistry, dispatcher: Dispatcher) {
        claimed = registry.counter("weir_executor_exchanges_claimed_total", "HTTP exchanges begun.")
        failed = registry.counter(
            "weir_executor_exchanges_failed_total", "HTTP exchanges that brought no usable answer.")
        dropped = registry.counter(
            "weir_executor_exchanges_dropped_total", "HTTP exchanges given up because nobody wants their runs any more."
        )
        exchangeSeconds = registry.histogram(
            "weir_executor_exchange_seconds", "Duration of HTTP exchanges.", buckets: .seconds)
        registry.sampledGauge("weir_executor_exchanges_in_flight", "HTTP exchanges under way.") {
            Double(dispatcher.callsInFlight)
        }
        registry.sampledGauge("weir_executor_exchanges_waiting", "Claimed HTTP exchanges that wait for a place.") {
            Double(dispatcher.callsWaiting)
        }
    }
}
