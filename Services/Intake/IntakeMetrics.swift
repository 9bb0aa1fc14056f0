import Contracts
import Runtime

/// What intake counts besides its HTTP requests (``HTTPMetrics``): what is asked for, and what is made of it.
struct IntakeMetrics: Sendable {
    /// What is asked for.
    enum Kind: String, CaseIterable {
        case activity
        case workflow
    }

    private enum Outcome: String, CaseIterable {
        /// On disk.
        case accepted
        /// An earlier request of the same idempotency key was answered again.
        case repeated
        /// The client has to send something else.
        case refused
        /// Nobody is to blame but Weir: the client can send it again.
        case failed
    }

    private static let origins = ["http", "bus"]

    private let requests: [String: PrometheusCounter]
    private let expanded: PrometheusCounter
    private let runs: PrometheusCounter
    private let chunkSeconds: PrometheusHistogram

    /// Registers the metrics.
    ///
    /// - Parameter expanding: how many requests are being expanded.
    init(_ registry: PrometheusRegistry, expanding: @escaping @Sendable () -> Int) {
        var requests: [String: PrometheusCounter] = [:]
        for kind in Kind.allCases {
            for origin in Self.origins {
                for outcome in Outcome.allCases {
                    requests[Self.key(kind, origin, outcome)] = registry.counter(
                        "weir_intake_requests_total", "Requests for activities and workflows, by what became of them.",
                        labels: [("kind", kind.rawValue), ("origin", origin), ("outcome", outcome.rawValue)])
                }
            }
        }
        self.requests = requests
        expanded = registry.counter("weir_intake_requests_expanded_total", "Requests whose runs are all made.")
        runs = registry.counter("weir_intake_runs_total", "Runs made of requests.")
        chunkSeconds = registry.histogram(
            "weir_intake_expand_seconds", "How long it takes to make the runs of a chunk of a request.",
            buckets: .seconds)
        registry.sampledGauge("weir_intake_expansions_in_flight", "Requests whose runs are being made.") {
            Double(expanding())
        }
    }

    /// Counts a request by how accepting it ends.
    func counting<Accepted>(
        _ kind: Kind, from origin: String, isRepeated: (Accepted) -> Bool, _ accept: () async throws -> Accepted
    ) async throws -> Accepted {
        do {
            let accepted = try await accept()
            count(kind, origin, isRepeated(accepted) ? .repeated : .accepted)
            return accepted
        } catch let problem as Problem {
            count(kind, origin, problem.status < 500 ? .refused : .failed)
            throw problem
        } catch {
            count(kind, origin, .failed)
            throw error
        }
    }

    /// Counts a chunk of a request whose runs are on disk.
    func noteChunk(runs count: Int, isLast: Bool, took duration: Duration) {
        runs.increment(by: Int64(count))
        if isLast { expanded.increment() }
        chunkSeconds.record(duration)
    }

    private func count(_ kind: Kind, _ origin: String, _ outcome: Outcome) {
        requests[Self.key(kind, origin, outcome)]?.increment()
    }

    private static func key(_ kind: Kind, _ origin: String, _ outcome: Outcome) -> String {
        "\(kind.rawValue) \(origin) \(outcome.rawValue)"
    }
}
