import Messaging

/// The bus: reachable with this command's key.
struct BusCheck {
    private static let timeout: Duration = .seconds(3)

    let context: CommandContext
    let options: BusOptions

    func findings() async -> [Finding] {
        do {
            let configuration = try context.busConfiguration(options)
            let clock = ContinuousClock()
            let took = try await context.withBus(options) { client in
                try await clock.measure { try await client.ping(timeout: Self.timeout) }
            }
            let keys = configuration.curve == nil ? "without keys" : "with CURVE keys"
            return [
                .ok(
                    "bus",
                    "\(configuration.endpoints.joined(separator: ", ")) answers in \(DurationText.of(took)), \(keys)")
            ]
        } catch {
            return [
                .unreachable(
                    "bus", error,
                    remedy: "Start weir-bus; check WEIR_BUS_ENDPOINTS and that 'weir keys show' lists this client")
            ]
        }
    }
}
