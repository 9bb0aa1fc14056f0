/// Who listens where in an instance, and the settings of each service that follow from it. A value: nothing is started or opened.
struct UpPlan: Sendable, Equatable {
    /// The services that have a role of their own in the database, in the order of their start.
    static let databaseServices = ["intake", "executor", "processor", "delivery", "scheduler"]
    /// How many ports an instance takes: intake's, and one for the health of each service and of the bus.
    static let portsCount = databaseServices.count + 2

    /// Intake's address.
    let url: String
    let busEndpoints: String
    let busEvents: String
    let bus: ServicePlan
    /// All services but the bus, in the order of their start.
    let services: [ServicePlan]

    /// Plans an instance.
    ///
    /// - Parameters:
    ///   - state: where it keeps its state.
    ///   - cluster: where its database is.
    ///   - ports: ``portsCount`` free ports; the first is intake's.
    ///   - signingKey: signs links to large results.
    ///   - settings: further settings for all services, e.g. the addresses that the demo allows; they go over the plan's.
    init(
        state: StateDirectory, cluster: ClusterLocation, ports: [Int], signingKey: String,
        settings: [String: String] = [:]
    ) {
        precondition(ports.count == Self.portsCount, "A plan takes \(Self.portsCount) ports.")
        let url = "http://127.0.0.1:\(ports[0])"
        let busEndpoints = "ipc://\(state.busDirectory)/broker"
        let busEvents = "ipc://\(state.busDirectory)/events"
        let shared = [
            "WEIR_BUS_ENDPOINTS": busEndpoints,
            "WEIR_BUS_EVENTS": busEvents,
            "WEIR_HEALTH_HOST": "127.0.0.1",
            // Loopback is allowed by default here, and a source must not reach what Weir itself serves there.
            "WEIR_OUTBOUND_OWN_PORTS": ports.map(String.init).joined(separator: ","),
            "WEIR_PUBLIC_URL": url,
            "WEIR_SHUTDOWN_TIMEOUT": "10s",
            "WEIR_STATE_DIR": state.path,
        ]
        func plan(_ name: String, healthPort: Int, own: [String: String] = [:]) -> ServicePlan {
            var all = shared.merging(own) { $1 }
            all["WEIR_HEALTH_PORT"] = String(healthPort)
            return ServicePlan(name: "weir-\(name)", settings: all.merging(settings) { $1 }, healthPort: healthPort)
        }
        self.url = url
        self.busEndpoints = busEndpoints
        self.busEvents = busEvents
        bus = plan("bus", healthPort: ports[1])
        services = Self.databaseServices.enumerated().map { index, name in
            var own = ["WEIR_DATABASE_URL": cluster.databaseURL(role: "weir_\(name)")]
            if name == "intake" {
                own["WEIR_HTTP_HOST"] = "127.0.0.1"
                own["WEIR_HTTP_PORT"] = String(ports[0])
            }
            if ["intake", "executor", "processor", "delivery"].contains(name) { own["WEIR_SIGNING_KEY"] = signingKey }
            return plan(name, healthPort: ports[index + 2], own: own)
        }
    }

    /// The bus and all services.
    var all: [ServicePlan] { [bus] + services }
}
