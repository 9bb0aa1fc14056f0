import ArgumentParser
import Messaging

/// How a command reaches the bus.
struct BusOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "The bus, e.g. tcp://127.0.0.1:7401.", discussion: "Default: WEIR_BUS_ENDPOINTS, then that of 'weir up'."))
    var bus: String?

    @Option(
        help: ArgumentHelp(
            "The feed of the bus for observers.", discussion: "Default: WEIR_BUS_EVENTS, then that of 'weir up'."))
    var events: String?

    @Option(
        help: ArgumentHelp(
            "The directory of the bus' keys, which has one named weir.",
            discussion: "Default: WEIR_BUS_KEYS, then that of 'weir up'; made by 'weir keys create weir'.",
            valueName: "directory"))
    var busKeys: String?
}

extension CommandContext {
    /// Lends a connection to the bus.
    func withBus<Output: Sendable>(
        _ options: BusOptions, _ body: (BusClient) async throws -> Output
    ) async throws -> Output {
        let client = try BusClient(configuration: try busConfiguration(options), logger: Self.silentLogger)
        do {
            let output = try await body(client)
            await client.close()
            return output
        } catch {
            await client.close()
            throw error
        }
    }
}
