import Contracts
import Messaging
import Runtime

/// Counts what a process says over the bus, by topic.
struct HintMetrics: Sendable {
    private struct Outcomes: Sendable {
        let accepted: PrometheusCounter
        let merged: PrometheusCounter
        let refused: PrometheusCounter
    }

    private let topics: [String: Outcomes]

    init(_ registry: PrometheusRegistry) {
        func counter(_ topic: String, _ outcome: String) -> PrometheusCounter {
            registry.counter(
                "weir_hints_published_total",
                "Hints said, by what became of them in this process: accepted for sending, merged with one that waited, or refused.",
                labels: [("topic", topic), ("outcome", outcome)])
        }
        let pairs = Topic.hints.map { topic in
            (
                topic,
                Outcomes(
                    accepted: counter(topic, "accepted"), merged: counter(topic, "merged"),
                    refused: counter(topic, "refused"))
            )
        }
        topics = Dictionary(uniqueKeysWithValues: pairs)
    }

    func count(_ outcome: PublishOutcome, of topic: String) {
        guard let counters = topics[topic] else { return }
        switch outcome {
        case .accepted: counters.accepted.increment()
        case .merged: counters.merged.increment()
        case .refused: counters.refused.increment()
        }
    }
}
