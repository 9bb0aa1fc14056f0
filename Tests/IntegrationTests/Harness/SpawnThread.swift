import Foundation
import Synchronization

/// The one thread that starts children.
///
/// A child's parent-death signal comes when the *thread* that started it ends (prctl(2), PR_SET_PDEATHSIG), and threads of the
/// cooperative pool come and go. This one lives as long as the process.
final class SpawnThread: Sendable {
    static let shared = SpawnThread()

    private let jobs = Mutex<[@Sendable () -> Void]>([])
    private let jobsWait = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                jobsWait.wait()
                let job = jobs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
                job?()
            }
        }
    }

    /// Runs a closure on the thread and gives what it returns.
    func run<Output: Sendable>(_ body: @escaping @Sendable () -> Output) async -> Output {
        await withCheckedContinuation { continuation in
            jobs.withLock { $0.append { continuation.resume(returning: body()) } }
            jobsWait.signal()
        }
    }
}
