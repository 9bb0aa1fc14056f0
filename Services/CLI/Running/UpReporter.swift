/// Tells the person who waits what an instance does while it starts, runs and stops.
struct UpReporter: Sendable {
    let console: Console
    let logDirectory: String
    /// Whether the ordinary steps are told, too; what goes wrong always is.
    var isVerbose = true

    func report(_ progress: UpProgress) {
        switch progress {
        case .startingDatabase(isNew: true): step("making and starting a private Postgres")
        case .startingDatabase(isNew: false): step("starting the private Postgres")
        case .migrating: step("migrating the schema")
        case .portInUse(let port, let instead):
            console.note(
                "Port \(port) of the last start is in use; intake listens on \(instead) this time. --port chooses one that lasts."
            )
        case .startingServices: step("starting bus and services")
        case .stopping: step("stopping")
        case .stopped: step("stopped")
        case .ready, .service(.started): break
        case .service(.crashed(let service, let status, let delay)):
            console.note(
                "\(service) ended (\(status)); it starts again in \(DurationText.of(delay)). Log: \(logDirectory)/\(service).log"
            )
        case .service(.failed(let service, let reason)): console.note("\(service) cannot be started again: \(reason)")
        case .databaseEnded(let status): console.note("Postgres ended (\(status)).")
        }
    }

    private func step(_ words: String) {
        if isVerbose { console.note("· \(words)") }
    }
}
