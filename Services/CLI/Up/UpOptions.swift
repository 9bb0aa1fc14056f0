/// How an instance is started.
struct UpOptions: Sendable {
    /// Where it keeps its state.
    var state: StateDirectory
    /// The directory of the executables `weir-bus`, `weir-intake`, …: the one of the running `weir`.
    var executables: String
    /// The environment of this process; the services get it with their own settings over it.
    var environment: [String: String]
    /// Intake's port; nil for any free one.
    var httpPort: Int?
    /// Settings for all services, over the plan's.
    var settings: [String: String] = [:]
    /// Settings of Postgres, over ``ClusterSettings/standard``.
    var clusterSettings: [String: String] = [:]
    /// Whether the state goes with the instance, as the demo's does.
    var isEphemeral = false
    /// How long the services have to get ready.
    var readyTimeout: Duration = .seconds(60)
    /// How long the services have to stop when asked.
    var stopGrace: Duration = .seconds(12)
}
