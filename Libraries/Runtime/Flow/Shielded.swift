/// Does work that a stop must not tear: it goes on to its end even when the calling task is cancelled meanwhile.
///
/// Meant for single transactions. A loop of them asks `Task.isCancelled` between two.
public func shielded<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
    try await Task { try await body() }.value
}
