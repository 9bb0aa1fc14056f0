import Messaging

extension Platform {
    /// Lends a client of the bus.
    func withBus(_ body: (BusClient) async throws -> Void) async throws {
        let bus = try BusClient(configuration: BusConfiguration(endpoints: [busEndpoint]), logger: .silent)
        do {
            try await body(bus)
        } catch {
            await bus.close()
            throw error
        }
        await bus.close()
    }
}
