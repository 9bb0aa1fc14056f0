import Contracts

/// A stage of the flow, and which metrics say how it goes.
struct Stage: Sendable {
    /// As `weir_stage_waiting` names it; also in the table.
    let name: String
    /// What it takes up.
    let unit: String
    /// The executable that does it.
    let service: String
    /// Counts all that ended.
    let ended: ReportedMetric
    /// Which of it went wrong, by the label `outcome`.
    var failures: Set<String> = []
    var inFlight: ReportedMetric?
    var inFlightMax: ReportedMetric?
    var seconds: ReportedMetric?

    /// All stages, in the order of the flow.
    static let all = [
        Stage(
            name: "accept", unit: "requests", service: "weir-intake", ended: .requests, failures: ["refused", "failed"]),
        Stage(
            name: "expand", unit: "runs", service: "weir-intake", ended: .runsMade, inFlight: .expansionsInFlight,
            seconds: .expandSeconds),
        Stage(
            name: "call", unit: "calls", service: "weir-executor", ended: .exchanges,
            failures: ["retried", "postponed", "failed", "timedout"], inFlight: .exchangesInFlight,
            inFlightMax: .exchangesMax, seconds: .exchangeSeconds),
        Stage(
            name: "process", unit: "runs", service: "weir-processor", ended: .runsProcessed, failures: ["failed"],
            seconds: .batchSeconds),
        Stage(
            name: "collect", unit: "results", service: "weir-processor", ended: .results, failures: ["failed"],
            inFlight: .resultsInFlight, seconds: .resultSeconds),
        Stage(
            name: "deliver", unit: "webhooks", service: "weir-delivery", ended: .attempts,
            failures: ["3xx", "4xx", "5xx", "other", "no_answer", "not_posted"], inFlight: .postsInFlight,
            inFlightMax: .postsMax, seconds: .postSeconds),
    ]

    /// What a service is measured by where it has one line.
    static func main(of service: String) -> Stage? {
        all.first { $0.service == service }
    }
}
