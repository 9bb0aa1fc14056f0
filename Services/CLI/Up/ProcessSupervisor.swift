import Glibc

/// Runs the real service executables as children and keeps them running.
///
/// A service that ends is started again after a wait that grows (``RestartBackoff``). Its log goes to a file of its own within a bound.
/// The children end when this process does, however it does.
actor ProcessSupervisor {
    private struct Supervised {
        var child: ChildProcess?
        var keeper: Task<Void, Never>?
        /// Ended since it was started last, without being told to.
        var crash: ChildExit?
        var isStopping = false
    }

    private let executables: String
    private let inherited: [String: String]
    private let logDirectory: String
    private let onEvent: @Sendable (SupervisorEvent) -> Void
    private var services: [String: Supervised] = [:]

    /// Creates a supervisor that runs nothing yet.
    ///
    /// - Parameters:
    ///   - executables: the directory that holds the services' executables.
    ///   - inherited: the environment that all services get; their own settings go over it.
    ///   - logDirectory: where their logs go.
    ///   - onEvent: told about starts and crashes.
    init(
        executables: String,
        inherited: [String: String],
        logDirectory: String,
        onEvent: @escaping @Sendable (SupervisorEvent) -> Void = { _ in }
    ) {
        self.executables = executables
        // libpq's own variables would change what the address of the database says.
        self.inherited = inherited.filter { !$0.key.hasPrefix("PG") }
        self.logDirectory = logDirectory
        self.onEvent = onEvent
    }

    /// Where a service logs to.
    nonisolated func logPath(_ name: String) -> String { "\(logDirectory)/\(name).log" }

    /// Starts a service and keeps it running until it is stopped.
    func start(_ plan: ServicePlan) async throws {
        precondition(services[plan.name] == nil, "\(plan.name) is supervised already.")
        services[plan.name] = Supervised()
        let child = try await launch(plan)
        services[plan.name]?.keeper = Task { await self.keep(plan, child) }
    }

    /// The process of a service while it runs.
    func processID(_ name: String) -> Int32? {
        guard let child = services[name]?.child, child.isRunning else { return nil }
        return child.processID
    }

    /// How a service ended that was not told to, until it is started again.
    func crash(_ name: String) -> ChildExit? { services[name]?.crash }

    /// Stops one service: SIGTERM, and SIGKILL after `grace`.
    func stop(_ name: String, grace: Duration) async {
        guard services[name] != nil else { return }
        services[name]?.isStopping = true
        services[name]?.keeper?.cancel()
        if let child = services[name]?.child { await child.stop([(SIGTERM, grace)]) }
        await services[name]?.keeper?.value
        // A start that was under way when the stop began.
        if let child = services[name]?.child { await child.stop([(SIGTERM, grace)]) }
        services[name] = nil
    }

    /// Stops services at the same time.
    func stop(_ names: [String], grace: Duration) async {
        await withTaskGroup { group in
            for name in names { group.addTask { await self.stop(name, grace: grace) } }
        }
    }

    private func launch(_ plan: ServicePlan) async throws -> ChildProcess {
        let log = SupervisedLog(path: logPath(plan.name))
        log.rotateBeforeStart()
        let child = try await ChildProcess.start(
            ChildCommand(
                executable: "\(executables)/\(plan.name)",
                environment: inherited.merging(plan.settings) { $1 },
                outputPath: log.path))
        services[plan.name]?.child = child
        services[plan.name]?.crash = nil
        onEvent(.started(service: plan.name, processID: child.processID))
        return child
    }

    /// Waits for the end of each run and begins the next.
    private func keep(_ plan: ServicePlan, _ first: ChildProcess) async {
        var child = first
        var backoff = RestartBackoff()
        while true {
            let startedAt = ContinuousClock.now
            let rotation = Task { [log = SupervisedLog(path: logPath(plan.name))] in
                while (try? await Task.sleep(for: .seconds(10))) != nil { log.rotateWhileOpen() }
            }
            let status = await child.exitStatus
            rotation.cancel()
            guard services[plan.name]?.isStopping == false else { return }
            services[plan.name]?.crash = status
            let delay = backoff.delay(afterRunOf: ContinuousClock.now - startedAt)
            onEvent(.crashed(service: plan.name, status: status, restartAfter: delay))
            guard (try? await Task.sleep(for: delay)) != nil, services[plan.name]?.isStopping == false else { return }
            do {
                child = try await launch(plan)
            } catch {
                return onEvent(.failed(service: plan.name, reason: "\(error)"))
            }
        }
    }
}
