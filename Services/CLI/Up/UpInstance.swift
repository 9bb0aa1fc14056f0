import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A running Weir: its cluster, its bus and its services, all children of this process.
struct UpInstance: Sendable {
    /// What other `weir` commands can read about it.
    let running: RunningInstance
    let state: StateDirectory
    let plan: UpPlan
    let cluster: EmbeddedCluster
    let supervisor: ProcessSupervisor

    /// The database as `role`, e.g. `weir_executor`; as its owner by default.
    func databaseURL(role: String = ClusterLocation.ownerName) -> String { cluster.location.databaseURL(role: role) }

    /// Starts an instance, runs `body` with it, and stops it again, also when `body` throws or this task is cancelled.
    /// Of an ephemeral one that failed the logs stay.
    ///
    /// - Parameters:
    ///   - migrate: brings the schema of the database at that address (its owner's) to the newest version.
    ///   - onProgress: told what happens, from any thread.
    ///   - body: what is done while it runs; `weir up` waits here.
    /// - Throws: ``UpError`` when it cannot be started, and whatever `migrate` and `body` throw.
    static func withRunning<Result: Sendable>(
        _ options: UpOptions,
        migrate: @Sendable (_ databaseURL: String) async throws -> Void,
        onProgress: @escaping @Sendable (UpProgress) -> Void,
        body: @Sendable (UpInstance) async throws -> Result
    ) async throws -> Result {
        let lock = try options.state.acquire()
        defer { withExtendedLifetime(lock) {} }
        let start = UpStart(options: options, onProgress: onProgress)
        do {
            let instance = try await start.run(migrate: migrate)
            onProgress(.ready)
            let result = try await body(instance)
            await start.stop()
            return result
        } catch {
            await start.stop(isFailure: !Task.isCancelled)
            throw error
        }
    }
}
