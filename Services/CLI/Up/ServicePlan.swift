/// One service of an instance: what to run, with which settings.
struct ServicePlan: Sendable, Equatable {
    /// The executable's name, e.g. `weir-executor`.
    let name: String
    /// Its settings (`WEIR_*`); they go over what is inherited.
    let settings: [String: String]
    /// The port of its health server on loopback.
    let healthPort: Int

    /// The base address of its health server.
    var healthURL: String { "http://127.0.0.1:\(healthPort)" }
}
