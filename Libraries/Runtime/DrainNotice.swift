import ServiceLifecycle

/// Stands last in the group, hence is told first that the process stops: `/readyz` says so while the others finish their work.
struct DrainNotice: Service {
    let health: HealthRegistry
    /// Called once, when the group begins to shut down or is cancelled.
    let onStopping: @Sendable () -> Void

    func run() async throws {
        // Both ways of stopping end here: gracefulShutdown() returns at the one and throws at the other.
        try? await gracefulShutdown()
        health.markDraining()
        onStopping()
    }
}
