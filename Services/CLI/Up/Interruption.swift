import UnixSignals

/// Turns Ctrl-C, a `kill` and a closed terminal into the cancellation of what runs, so that it can clean up behind itself.
enum Interruption {
    /// Runs `body` and cancels it at the first SIGINT, SIGTERM or SIGHUP; further ones change nothing, since stopping is bounded.
    ///
    /// - Returns: what `body` returned, or nil when it ended with its cancellation by a signal.
    static func cancelling<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value?
    {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm, .sighup)
        let work = Task { try await body() }
        let watch = Task {
            for await _ in signals { work.cancel() }
        }
        defer { watch.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await work.value
            } onCancel: {
                work.cancel()
            }
        } catch is CancellationError where work.isCancelled && !Task.isCancelled {
            return nil
        }
    }
}
