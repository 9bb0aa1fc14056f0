import Contracts
import Exchanges
import JSON
import Outbound
import Postgres
import Runtime
import Sources
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A source as executing needs it: its templates compiled, its limits read, and a client that calls it.
struct PreparedSource: Sendable {
    let id: SourceID
    let key: String
    let version: Int64
    let runsPerExchange: Int
    let client: SourceClient

    var setup: SourceSetup { client.setup }
    var concurrency: Int { setup.concurrency }

    /// Reads a stored source. The catalogue was checked when it was applied, so that what fails here was written past it.
    init(
        _ record: SourceRecord, outbound: OutboundClient, secrets: SecretResolver, clock: WallClock,
        tokens: any TokenStore
    ) throws {
        id = record.id
        key = record.key
        version = record.version
        runsPerExchange = record.runsPerExchange
        client = try SourceClient(
            setup: SourceSetup(JSONValue(parsing: record.setup.bytes)), templates: SourceTemplates(record),
            outbound: outbound, secrets: { try secrets.resolve($0) },
            now: { Date(timeIntervalSince1970: Double(clock.millisecondsSinceEpoch()) / 1000) }, tokens: tokens)
    }
}

extension SourceTemplates {
    /// The templates of a stored source.
    init(_ record: SourceRecord) throws(JSONError) {
        func parsed(_ stored: JSONB?) throws(JSONError) -> JSONValue? {
            guard let stored else { return nil }
            return try JSONValue(parsing: stored.bytes)
        }
        self.init(
            run: try JSONValue(parsing: record.runRequestTemplate.bytes),
            status: try parsed(record.statusRequestTemplate), delivery: try parsed(record.deliveryRequestTemplate),
            abort: try parsed(record.abortRequestTemplate), cleanup: try parsed(record.cleanupRequestTemplate),
            lookup: try parsed(record.lookupRequestTemplate))
    }
}
