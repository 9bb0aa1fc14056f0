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
            setup: SourceSetup(stored: JSONValue(parsing: record.setup.bytes)),
            templates: SourceTemplates(run: JSONValue(parsing: record.runRequestTemplate.bytes)),
            outbound: outbound, secrets: { try secrets.resolve($0) },
            now: { Date(timeIntervalSince1970: Double(clock.millisecondsSinceEpoch()) / 1000) }, tokens: tokens)
    }
}

extension SourceSetup {
    /// Reads the bounds; the JSON form of everything else comes with the catalogue's reading of it.
    init(stored setup: JSONValue) {
        self.init()
        func milliseconds(_ value: JSONValue?) -> Int? { value?.doubleValue.map { Int($0 * 1000) } }
        concurrency = setup["concurrency"]?.intValue ?? concurrency
        timeoutMilliseconds = milliseconds(setup["timeout_seconds"]) ?? timeoutMilliseconds
        responseBytesMax = setup["response_bytes_max"]?.intValue ?? responseBytesMax
        retry.attempts = setup["retry"]?["attempts"]?.intValue ?? retry.attempts
        retry.baseMilliseconds = milliseconds(setup["retry"]?["base_seconds"]) ?? retry.baseMilliseconds
        retry.maxMilliseconds = milliseconds(setup["retry"]?["max_seconds"]) ?? retry.maxMilliseconds
    }
}
