import Runtime
import Store

/// What a delivery service counts.
struct DeliveryMetrics: Sendable {
    private let attempts: PrometheusCounter
    private let failures: PrometheusCounter
    private let givenUp: PrometheusCounter
    private let opened: PrometheusCounter
    private let disabled: PrometheusCounter
    private let seconds: PrometheusHistogram

    /// Registers the metrics.
    ///
    /// - Parameter posting: how many posts are under way.
    init(_ registry: PrometheusRegistry, posting: @escaping @Sendable () -> Int) {
        attempts = registry.counter("weir_delivery_attempts_total", "Webhooks posted.")
        failures = registry.counter("weir_delivery_failures_total", "Webhooks that the endpoint did not take.")
        givenUp = registry.counter("weir_delivery_given_up_total", "Webhooks that are not tried again.")
        opened = registry.counter(
            "weir_delivery_breakers_opened_total", "Endpoints to which nothing is posted for a while.")
        disabled = registry.counter("weir_delivery_endpoints_disabled_total", "Endpoints that were disabled.")
        seconds = registry.histogram("weir_delivery_post_seconds", "How long posting a webhook takes.")
        registry.sampledGauge("weir_delivery_posts_in_flight", "Webhooks being posted.") { Double(posting()) }
    }

    /// Counts an attempt, if it was one.
    func note(_ attempt: DeliveryAttempt) {
        if case .postponed = attempt.outcome { return }
        attempts.increment()
        if attempt.finding != .none { seconds.record(attempt.milliseconds / 1000) }
        if attempt.outcome != .delivered { failures.increment() }
        if attempt.outcome == .failed { givenUp.increment() }
    }

    /// Counts deliveries that were given up because their endpoint is disabled.
    func noteGivenUp(_ count: Int) {
        givenUp.increment(by: Int64(count))
    }

    /// Counts what has become of an endpoint.
    func note(_ change: EndpointEvent.Change) {
        switch change {
        case .opened: opened.increment()
        case .disabled: disabled.increment()
        case .stillOpen, .closed: break
        }
    }
}
