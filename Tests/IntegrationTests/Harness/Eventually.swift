/// Looks again and again until there is something to see.
///
/// The bound is generous, because a loaded machine is slow and a failure is rare. An error counts as nothing to see: the thing
/// looked at may be away for a moment.
///
/// - Parameters:
///   - what: what is waited for, as the rest of "never saw …".
///   - look: nil or an error means not yet.
/// - Throws: ``HarnessError`` that names what never came and the last error.
func eventually<Output>(
    _ what: String, within limit: Duration = .seconds(120), _ look: () async throws -> Output?
) async throws -> Output {
    let deadline = ContinuousClock.now + limit
    var last: (any Error)?
    repeat {
        do {
            if let seen = try await look() { return seen }
            last = nil
        } catch {
            last = error
        }
        // What is awaited happens in other processes, which send the test no signal; the bound is above.
        try await Task.sleep(for: .milliseconds(20))
    } while ContinuousClock.now < deadline
    throw HarnessError("never saw \(what) within \(limit)" + (last.map { "; the last error: \($0)" } ?? ""))
}

/// The same for a condition.
func eventually(
    _ what: String, within limit: Duration = .seconds(120), holds condition: () async throws -> Bool
) async throws {
    _ = try await eventually(what, within: limit) { try await condition() ? true : nil } as Bool
}
