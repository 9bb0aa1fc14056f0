import Contracts
import JSON
import Postgres
import Store
import Templates

/// A source as executing needs it: its template compiled, its limits read.
struct PreparedSource: Sendable {
    let id: SourceID
    let key: String
    let version: Int64
    let runsPerExchange: Int
    let concurrency: Int
    let timeout: Duration
    let responseBytesMax: Int
    let retry: RetryPolicy
    let template: RequestTemplate
    /// The variables of the template that come from the request or the object of a run.
    let runVariables: [String]
    /// Whether a log line needs a rendering of its own.
    let hasSecrets: Bool

    /// What the executor knows without a look at a run's request.
    private static let ownVariables: Set = [
        "object", "objects", "max_objects", "run_external_id", "callback_url", "submission_key", "cursor",
    ]

    private static func isOfRun(_ variable: String) -> Bool {
        !ownVariables.contains(variable) && !variable.hasPrefix(TemplateVariable.secretPrefix)
    }

    /// Reads a stored source. The catalogue was checked when it was applied, so that what fails here was written past it.
    init(_ record: SourceRecord) throws {
        let request = try JSONValue(parsing: record.runRequestTemplate.bytes)
        let setup = try JSONValue(parsing: record.setup.bytes)
        id = record.id
        key = record.key
        version = record.version
        runsPerExchange = record.runsPerExchange
        concurrency = setup["concurrency"]?.intValue ?? 16
        timeout = .seconds(setup["timeout_seconds"]?.doubleValue ?? 30)
        responseBytesMax = setup["response_bytes_max"]?.intValue ?? 10 << 20
        retry = RetryPolicy(setup["retry"])
        template = try RequestTemplate(parsing: request)
        runVariables = template.variables.filter(Self.isOfRun).sorted()
        hasSecrets = template.variables.contains { $0.hasPrefix(TemplateVariable.secretPrefix) }
    }
}
