import Logging

/// Does what must not be given up because the database is away for a moment: repeats it with a growing pause until it
/// succeeds, or until the task is cancelled.
///
/// - Parameters:
///   - what: what failed, for the log, as in "record exchanges".
///   - body: must be harmless to repeat.
public func insist(on what: String, logger: Logger, _ body: () async throws -> Void) async {
    var pause = Duration.milliseconds(100)
    while true {
        do {
            return try await body()
        } catch {
            logger.error(
                "What has to be done could not be; trying again.", metadata: ["work": "\(what)", "error": "\(error)"])
            // Cancelled: the process stops, and the scheduler takes its claims back.
            guard (try? await Task.sleep(for: pause)) != nil else { return }
            pause = min(pause * 2, .seconds(5))
        }
    }
}
