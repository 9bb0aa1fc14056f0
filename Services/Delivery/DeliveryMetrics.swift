import Runtime
import Store

/// What a delivery service counts.
struct DeliveryMetrics: Sendable {
    private let attempts: [String: PrometheusCounter]
    private let failures: PrometheusCounter
    private let givenUp: PrometheusCounter
    private let opened: PrometheusCounter
    private let disabled: PrometheusCounter
    private let seconds: PrometheusHistogram

    private static let outcomes = ["2xx", "3xx", "4xx", "5xx", "other", "no_answer", "not_posted"]

    /// Registers the metrics.
    ///
    /// - Parameters:
    ///   - postsMax: how many posts may be under way.
    ///   - posting: how many are.
    init(_ registry: PrometheusRegistry, postsMax: Int, posting: @escaping @Sendable () -> Int) {
        let pairs = Self.outcomes.map { outcome in
            (
                outcome,
                registry.counter(
                    "weir_delivery_attempts_total", "Attempts to post webhooks, by the class of the answer's status.",
                    labels: [("outcome", outcome)])
            )
        }
        attempts = Dictionary(uniqueKeysWithValues: pairs)
        failures = registry.counter("weir_delivery_failures_total", "Webhooks that the endpoint did not take.")
        givenUp = registry.counter("weir_delivery_given_up_total", "Webhooks that are not tried again.")
        opened = registry.counter(
            "weir_delivery_breakers_opened_total", "Endpoints to which nothing is posted for a while.")
        disabled = registry.counter("weir_delivery_endpoints_disabled_total", "Endpoints that were disabled.")
        seconds = registry.histogram("weir_delivery_post_seconds", "How long posting a webhook takes.")
        registry.sampledGauge("weir_delivery_posts_in_flight", "Webhooks being posted.") { Double(posting()) }
        registry.sampledGauge("weir_delivery_posts_max", "Webhooks that may be posted at once.") { Double(postsMax) }
    }

    /// Counts an attempt, if it was one.
    func note(_ attempt: DeliveryAttempt) {
        if case .postponed = attempt.outcome { return }
        attempts[attempt.statusClass]?.increment()
        if !attempt.isUnposted { seconds.record(attempt.milliseconds / 1000) }
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
        case .opened, .held: opened.increment()
        case .disabled: disabled.increment()
        case .stillOpen, .closed: break
        }
    }
}

extension DeliveryAttempt {
    /// Whether nothing went to the endpoint.
    fileprivate var isUnposted: Bool { finding == .none || finding == .incomplete }

    /// The class of the answer's status, or why there is none.
    fileprivate var statusClass: String {
        guard let status else { return isUnposted ? "not_posted" : "no_answer" }
        return (2...5).contains(status / 100) ? "\(status / 100)xx" : "other"
    }
}
