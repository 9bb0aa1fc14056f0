import Synchronization

/// The readiness checks of a process.
///
/// A service registers what it needs to do its work (`database`, `bus`); a check throws when that is not there. Checks run when
/// `/readyz` is asked, at once and each within a bounded time. A check that did not end is not started a second time.
public final class HealthRegistry: Sendable {
    /// How long one check may take unless told otherwise.
    public static let checkTimeoutDefault: Duration = .seconds(2)
    /// The longest reason that a report quotes, in characters.
    public static let failureLengthMax = 300

    /// Ends in silence when what it checks is there, throws when it is not. The error's description is shown to whoever asks the
    /// health port, so it must hold no secret.
    public typealias Check = @Sendable () async throws -> Void

    private struct State {
        var checks: [String: Check] = [:]
        var running: Set<String> = []
        var isDraining = false
    }

    private let state = Mutex(State())
    private let checkTimeout: Duration

    /// Creates a registry without checks: ready.
    public init(checkTimeout: Duration = HealthRegistry.checkTimeoutDefault) {
        self.checkTimeout = checkTimeout
    }

    /// Adds a check, or replaces the one of the same name.
    public func register(_ name: String, check: @escaping Check) {
        state.withLock { $0.checks[name] = check }
    }

    /// Says that the process is stopping: from now on it is not ready.
    public func markDraining() {
        state.withLock { $0.isDraining = true }
    }

    /// Runs all checks and says what they said.
    public func report() async -> HealthReport {
        let (checks, isDraining) = state.withLock { ($0.checks, $0.isDraining) }
        let outcomes = await withTaskGroup(of: HealthReport.Check.self) { group in
            for (name, check) in checks {
                group.addTask { HealthReport.Check(name: name, failure: await self.run(name, check)) }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        return HealthReport(isDraining: isDraining, checks: outcomes.sorted { $0.name < $1.name })
    }

    /// The reason why the check fails, or nil.
    private func run(_ name: String, _ check: @escaping Check) async -> String? {
        guard state.withLock({ $0.running.insert(name).inserted }) else {
            return "the check before this one has not ended"
        }
        let outcome = FirstValue<String?>()
        let checkTask = Task {
            let failure: String?
            do {
                try await check()
                failure = nil
            } catch {
                failure = String("\(error)".prefix(Self.failureLengthMax))
            }
            state.withLock { _ = $0.running.remove(name) }
            outcome.decide(failure)
        }
        let timeout = checkTimeout
        let timer = Task {
            guard (try? await Task.sleep(for: timeout)) != nil else { return }
            outcome.decide("no answer within \(timeout)")
        }
        let failure = await outcome.value
        timer.cancel()
        checkTask.cancel()
        return failure
    }
}
