import Runtime
import States
import Store
import Synchronization

/// The metrics of a ``StateMonitor``: gauges of what it saw last, and counters of what has happened meanwhile.
final class StateMetrics: Sendable {
    /// From 10 ms to a day: how long rows stay in a state.
    static let buckets = HistogramBuckets([0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3_600, 21_600, 86_400])

    private let registry: PrometheusRegistry
    private let seen: Seen
    private let lookSeconds: PrometheusHistogram
    private let failures: PrometheusCounter

    /// What was seen last; nil before the first look and after one that failed.
    private final class Seen: Sendable {
        let work = Mutex<OpenWork?>(nil)
    }

    init(_ registry: PrometheusRegistry) {
        self.registry = registry
        lookSeconds = registry.histogram("weir_monitor_seconds", "How long looks at the state of all work take.")
        failures = registry.counter("weir_monitor_failures_total", "Looks at the state of all work that failed.")
        // From 0 on: a counter that begins at 500 is taken for one that has not moved.
        for transition in StateTransition.all {
            for entity in transition.entities {
                _ = Self.transitions(registry, entity.rawValue, transition.from.rawValue, transition.to.rawValue)
            }
        }
        let seen = Seen()
        self.seen = seen
        func show(_ name: String, _ help: String, _ samples: @escaping @Sendable (OpenWork) -> [PrometheusSample]) {
            registry.sampledGauges(name, help) { seen.work.withLock { $0 }.map(samples) ?? [] }
        }
        show("weir_rows", "Open rows by table and state, counted up to a maximum.", Self.rows)
        show("weir_stage_waiting", "Work that waits for a service to take it up, by stage.") { work in
            work.stages.map { PrometheusSample(Double($0.waiting), labels: [("stage", $0.name)]) }
        }
        show("weir_stage_oldest_waiting_seconds", "For how long the first of it has waited.") { work in
            work.stages.compactMap { stage in
                stage.oldestSeconds.map { PrometheusSample($0, labels: [("stage", stage.name)]) }
            }
        }
        show("weir_ready_runs", "Ready runs of the sources whose runs wait longest.") { work in
            work.sources.map { PrometheusSample(Double($0.readyRuns), labels: $0.labels) }
        }
        show("weir_oldest_ready_run_age_seconds", "How long the oldest ready run of a source has waited.") { work in
            work.sources.map { PrometheusSample($0.oldestSeconds, labels: $0.labels) }
        }
        show("weir_stuck_rows", "Work that nobody holds and nothing hinders, or whose holder is gone.") { work in
            work.stuck.map { PrometheusSample(Double($0.count), labels: [("kind", $0.kind)]) }
        }
        show("weir_deliveries", "Webhooks that are due, that wait for another attempt, and that are under way.") {
            work in
            [
                PrometheusSample(Double(work.deliveries.due), labels: [("state", "ready")]),
                PrometheusSample(Double(work.deliveries.later), labels: [("state", "waiting")]),
                PrometheusSample(Double(work.deliveries.inProgress), labels: [("state", "in_progress")]),
            ]
        }
        show("weir_oldest_due_delivery_age_seconds", "For how long the oldest webhook has been due.") { work in
            [PrometheusSample(work.deliveries.oldestDueSeconds)]
        }
        show("weir_default_partition_rows", "Rows for which there is no partition of their week.") { work in
            work.defaultPartitions.map { PrometheusSample(Double($0.count), labels: [("table", $0.table)]) }
        }
    }

    /// Shows what a look has seen.
    func show(_ work: OpenWork) {
        seen.work.withLock { $0 = work }
    }

    /// Shows nothing any more, since nobody knows.
    func failed() {
        seen.work.withLock { $0 = nil }
        failures.increment()
    }

    /// A look was successful.
    func looked(for duration: Duration) {
        lookSeconds.record(duration)
    }

    /// Adds what has happened since the last look.
    func count(_ transitions: [TransitionCount], _ durations: [StateDurations]) {
        for transition in transitions {
            Self.transitions(registry, transition.entity, transition.fromState ?? "none", transition.toState)
                .increment(by: Int64(transition.count))
        }
        for duration in durations {
            registry.histogram(
                "weir_state_duration_seconds", "How long rows had been in the state that they left; a sample of many.",
                labels: [("entity", duration.entity), ("from", duration.fromState)], buckets: Self.buckets
            ).add(counts: duration.counts, sum: duration.seconds)
        }
    }

    private static func transitions(
        _ registry: PrometheusRegistry, _ entity: String, _ from: String, _ to: String
    ) -> PrometheusCounter {
        registry.counter(
            "weir_transitions_total", "Changes of state; from is none for rows that were inserted.",
            labels: [("entity", entity), ("from", from), ("to", to)])
    }

    /// Every table and open state, so that a state without rows is 0 and not absent.
    private static func rows(_ work: OpenWork) -> [PrometheusSample] {
        var counts: [String: Int] = [:]
        for rows in work.rows { counts["\(rows.entity) \(rows.state)"] = rows.count }
        return StateEntity.allCases.flatMap { entity in
            State.allCases.filter { $0 != .done && !entity.isFinal($0) }.map { state in
                PrometheusSample(
                    Double(counts["\(entity.rawValue) \(state.rawValue)"] ?? 0),
                    labels: [("entity", entity.rawValue), ("state", state.rawValue)])
            }
        }
    }
}

extension OpenWork.Source {
    fileprivate var labels: [(String, String)] { [("org", org), ("source", source)] }
}
