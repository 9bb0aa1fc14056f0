import Glibc

/// The start of an instance step by step, and the stop of as much of it as was started.
actor UpStart {
    private let options: UpOptions
    private let onProgress: @Sendable (UpProgress) -> Void
    private var cluster: EmbeddedCluster?
    private var supervisor: ProcessSupervisor?
    private var clusterWatch: Task<Void, Never>?

    init(options: UpOptions, onProgress: @escaping @Sendable (UpProgress) -> Void) {
        self.options = options
        self.onProgress = onProgress
    }

    /// Cluster, schema, bus, services; returns when all are ready.
    func run(migrate: @Sendable (_ databaseURL: String) async throws -> Void) async throws -> UpInstance {
        let state = options.state
        // The other ports are chosen later, when they are about to be used; this one can be wrong before anything is made.
        if let port = options.httpPort, !FreePorts.isFree(port) { throw FreePorts.inUse(port) }
        try DirectoryPrivacy.make(state.socketDirectory, mode: geteuid() == 0 ? 0o711 : 0o700)
        try DirectoryPrivacy.make(state.busDirectory, mode: 0o700)
        try DirectoryPrivacy.make(state.logDirectory, mode: 0o700)
        let cluster = try await startCluster()
        onProgress(.migrating)
        try await migrate(cluster.location.databaseURL())
        let (ports, isLasting) = try choosePorts()
        let plan = UpPlan(
            state: state, cluster: cluster.location, ports: ports, signingKey: try SigningKey.load(state),
            settings: options.settings)
        let supervisor = try await startServices(plan)
        let running = RunningInstance(
            processID: getpid(), url: plan.url, busEndpoints: plan.busEndpoints, busEvents: plan.busEvents,
            databaseURL: cluster.location.databaseURL(), apiKeyPath: state.apiKeyPath,
            logPaths: Dictionary(uniqueKeysWithValues: plan.all.map { ($0.name, supervisor.logPath($0.name)) }),
            healthURLs: Dictionary(uniqueKeysWithValues: plan.all.map { ($0.name, $0.healthURL) })
        )
        try running.write(state)
        if isLasting { try RememberedPort.write(ports[0], state) }
        return UpInstance(running: running, state: state, plan: plan, cluster: cluster, supervisor: supervisor)
    }

    /// Stops what was started, in reverse order: services, bus, cluster. Works in a task of its own, since the caller's may be
    /// cancelled and the stop must be whole nonetheless.
    ///
    /// - Parameter isFailure: keeps the logs of an ephemeral instance, which the error names.
    func stop(isFailure: Bool = false) async {
        await Task { await stopAll(isFailure: isFailure) }.value
    }

    private func stopAll(isFailure: Bool) async {
        onProgress(.stopping)
        RunningInstance.erase(options.state)
        clusterWatch?.cancel()
        if let supervisor {
            await supervisor.stop(UpPlan.databaseServices.map { "weir-\($0)" }, grace: options.stopGrace)
            await supervisor.stop("weir-bus", grace: options.stopGrace)
        }
        await cluster?.stop()
        if options.isEphemeral {
            // Only temporary files stay behind if this fails, and the next start of the machine removes those.
            try? isFailure ? options.state.removeAllButLogs() : options.state.remove()
        }
        onProgress(.stopped)
    }

    /// The ports, intake's first: the one asked for, else that of the last start, else any. One that only stands in for a port that is
    /// in use this time does not last.
    private func choosePorts() throws -> (ports: [Int], isLasting: Bool) {
        guard options.httpPort == nil, let last = RememberedPort.read(options.state) else {
            return (try FreePorts.choose(UpPlan.portsCount, preferred: options.httpPort), true)
        }
        // Tried, and not looked at before: another program may take it between a look and its use.
        if let ports = try? FreePorts.choose(UpPlan.portsCount, preferred: last) { return (ports, true) }
        let ports = try FreePorts.choose(UpPlan.portsCount)
        onProgress(.portInUse(last, instead: ports[0]))
        return (ports, false)
    }

    private func startCluster() async throws -> EmbeddedCluster {
        let location = try ClusterLocation(options.state)
        let binaries = try PostgresBinaries.locate(environment: options.environment)
        onProgress(.startingDatabase(isNew: access("\(location.dataDirectory)/PG_VERSION", F_OK) != 0))
        try options.state.noteCluster(location)
        let cluster = try await EmbeddedCluster.start(
            location, binaries: binaries, settings: options.clusterSettings, isDurable: !options.isEphemeral)
        self.cluster = cluster
        clusterWatch = Task { [onProgress] in
            let status = await cluster.exitStatus
            if !Task.isCancelled { onProgress(.databaseEnded(status)) }
        }
        return cluster
    }

    private func startServices(_ plan: UpPlan) async throws -> ProcessSupervisor {
        onProgress(.startingServices)
        let supervisor = ProcessSupervisor(
            executables: options.executables, inherited: options.environment, logDirectory: options.state.logDirectory,
            onEvent: { [onProgress] in onProgress(.service($0)) })
        self.supervisor = supervisor
        let deadline = ContinuousClock.now + options.readyTimeout
        try await supervisor.start(plan.bus)
        try await waitUntilReady(plan.bus, supervisor, deadline: deadline)
        for service in plan.services { try await supervisor.start(service) }
        for service in plan.services { try await waitUntilReady(service, supervisor, deadline: deadline) }
        return supervisor
    }

    /// A service that ends while it should be getting ready has said why in its log.
    private func waitUntilReady(
        _ plan: ServicePlan,
        _ supervisor: ProcessSupervisor,
        deadline: ContinuousClock.Instant
    ) async throws {
        let logPath = supervisor.logPath(plan.name)
        while true {
            let answer = await ReadinessProbe.ask(port: plan.healthPort)
            if answer == .ready { return }
            if let status = await supervisor.crash(plan.name) {
                throw UpError(
                    "\(plan.name) did not start (\(status)): \(LogTail.lastLine(logPath))", remedy: "See \(logPath)")
            }
            guard ContinuousClock.now < deadline else {
                let said = if case .notReady(let body) = answer { " and says \(body)" } else { "" }
                throw UpError(
                    "\(plan.name) was not ready within \(options.readyTimeout)\(said)", remedy: "See \(logPath)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}
