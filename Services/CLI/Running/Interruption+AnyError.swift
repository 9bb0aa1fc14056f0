extension Interruption {
    /// Runs `body` until it ends or a signal comes. Whatever fails after the signal fails because of it: a statement, an exchange
    /// or a start that was cut off each have an error of their own for that.
    ///
    /// - Returns: what `body` returned, or nil after a signal.
    static func untilSignal<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws
        -> Value?
    {
        try await cancelling {
            do {
                return try await body()
            } catch  where Task.isCancelled {
                throw CancellationError()
            }
        }
    }
}
