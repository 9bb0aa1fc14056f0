import Runtime
import Sources
import Synchronization

/// Makes what is counted of the calls to each source's API.
struct CallMetrics: Sendable {
    private let registry: PrometheusRegistry

    init(_ registry: PrometheusRegistry) {
        self.registry = registry
    }

    /// What is counted of one source: the keys tell people which.
    func source(org: String, key: String) -> SourceCallMetrics {
        SourceCallMetrics(registry, labels: [("org", org), ("source", key)])
    }
}

/// Counts the calls to one source's API, each page, each poll and each call for a token among them.
final class SourceCallMetrics: Sendable {
    private let registry: PrometheusRegistry
    private let labels: [(String, String)]
    private let seconds: PrometheusHistogram
    // Made when they are first needed: most sources know two outcomes, and the number of series is bounded.
    private let outcomes = Mutex<[String: PrometheusCounter]>([:])

    init(_ registry: PrometheusRegistry, labels: [(String, String)]) {
        self.registry = registry
        self.labels = labels
        seconds = registry.histogram(
            "weir_executor_call_seconds", "Duration of calls to a source's API that were answered.", labels: labels,
            buckets: .callSeconds)
    }

    /// Counts the calls of an exchange.
    func note(_ calls: [CallLog]) {
        for call in calls {
            if call.status != nil { seconds.record(Double(call.milliseconds) / 1_000) }
            counter(Self.outcome(of: call)).increment()
        }
    }

    private func counter(_ outcome: String) -> PrometheusCounter {
        outcomes.withLock { outcomes in
            if let counter = outcomes[outcome] { return counter }
            let counter = registry.counter(
                "weir_executor_calls_total", "Calls to a source's API, by the class of the answer's status.",
                labels: labels + [("outcome", outcome)])
            outcomes[outcome] = counter
            return counter
        }
    }

    /// The class of the status; 429 by itself, since it says that fewer calls would do better; `none` when no answer came.
    static func outcome(of call: CallLog) -> String {
        switch call.status {
        case nil: "none"
        case 429: "429"
        case .some(let status): (1...5).contains(status / 100) ? "\(status / 100)xx" : "other"
        }
    }
}
