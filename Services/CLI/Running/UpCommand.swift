import ArgumentParser

/// Starts everything on this machine.
struct UpCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start Weir here: a private Postgres, the bus and all services.",
        discussion: """
            Nothing needs to be set up before, nothing of the system is changed, and Ctrl-C ends all of it. Other 'weir' commands \
            of this clone find it by themselves. Its state (database, keys, logs) stays in .weir of this clone, or where \
            --state-dir or WEIR_STATE_DIR says; 'weir up' goes on with it. Intake's port stays the same from start to start, \
            so a WEIR_URL that was exported stays good; if it is in use, another one is taken for this time and said.

            Services may call addresses on this machine (WEIR_OUTBOUND_ALLOW, if set, decides instead). They get this \
            command's environment, so secrets of templates are set as WEIR_SECRET_NAME before.

            Examples:
              weir up
              weir up --port 8080 --state-dir /var/tmp/weir-trial
            """)

    @Option(help: ArgumentHelp("Where the state is kept.", valueName: "directory")) var stateDir: String?
    @Option(help: "Intake's port on 127.0.0.1. Default: that of the last start, at first any free one.") var port: Int?
    @Option(
        help: ArgumentHelp(
            "The directory of the migrations.",
            discussion: "Default: WEIR_MIGRATIONS, then 'migrations' above the executable.",
            valueName: "directory"))
    var migrations: String?
    @Flag(help: "Print one JSON line when it is ready.") var json = false

    func check() throws {
        if let port, !(1...65_535).contains(port) { throw ValidationError("--port takes 1 to 65535.") }
    }

    func run(_ context: CommandContext) async throws {
        let state = try context.stateDirectory(flag: stateDir)
        let preparation = InstancePreparation(context: context, state: state, migrations: migrations)
        let options = UpOptions(
            state: state, executables: context.executableDirectory, environment: context.environment, httpPort: port,
            settings: preparation.settings)
        let reporter = UpReporter(console: context.console, logDirectory: state.logDirectory)
        let (ends, continuation) = AsyncStream.makeStream(of: ChildExit.self)
        _ = try await Interruption.untilSignal {
            try await UpInstance.withRunning(
                options,
                migrate: { try await preparation.run(databaseURL: $0) },
                onProgress: { progress in
                    reporter.report(progress)
                    if case .databaseEnded(let status) = progress { continuation.yield(status) }
                },
                body: { instance in
                    let key = try await preparation.apiKey(databaseURL: instance.databaseURL())
                    let greeting = UpGreeting(
                        context: context, running: instance.running, state: state, apiKey: key.text)
                    greeting.print(json: json)
                    // Until a signal cancels this, or the database goes away and takes everything with it.
                    for await status in ends {
                        throw UpError(
                            "Postgres ended (\(status)): \(instance.cluster.failure)",
                            remedy: "See \(instance.cluster.location.logPath)")
                    }
                })
        }
    }
}
