import Contracts
import Exchanges
import JSON
import Outbound
import Postgres
import Runtime
import Sources
import Store
import Templates

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A source as executing needs it: its templates compiled, its limits read, and a client that calls it. One object for all calls that wait
/// or are under way, so that handing one on copies a reference.
final class PreparedSource: Sendable {
    let id: SourceID
    let version: Int64
    let runsPerExchange: Int
    let client: SourceClient
    /// The variables of the templates that come from the request or the object of a run.
    let runVariables: [String]
    /// Counts the calls.
    let calls: SourceCallMetrics

    var setup: SourceSetup { client.setup }

    /// What the executor knows without a look at a run's request.
    private static let ownVariables: Set = [
        "object", "objects", "max_objects", "run_external_id", "callback_url", "submission_key", "cursor",
    ]

    private static func isOfRun(_ variable: String) -> Bool {
        !ownVariables.contains(variable) && !variable.hasPrefix(TemplateVariable.secretPrefix)
    }

    /// Reads a stored source. The catalogue was checked when it was applied, so that what fails here was written past it.
    init(
        _ record: SourceRecord, outbound: OutboundClient, secrets: SecretResolver, clock: WallClock,
        tokens: any TokenStore, metrics: CallMetrics
    ) throws {
        id = record.id
        version = record.version
        runsPerExchange = record.runsPerExchange
        client = try SourceClient(
            setup: SourceSetup(JSONValue(parsing: record.setup.bytes)), templates: SourceTemplates(record),
            outbound: outbound, secrets: { try secrets.resolve($0) },
            now: { Date(timeIntervalSince1970: Double(clock.millisecondsSinceEpoch()) / 1000) }, tokens: tokens)
        runVariables = client.variables.filter(Self.isOfRun).sorted()
        calls = metrics.source(org: record.orgKey, key: record.key)
    }
}

extension SourceTemplates {
    /// The stored templates of a source.
    fileprivate init(_ record: SourceRecord) throws {
        self.init(try record.templates.mapValues { try JSONValue(parsing: $0.bytes) })
    }
}
