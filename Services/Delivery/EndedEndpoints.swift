import Contracts
import Logging
import Runtime
import Store
import Synchronization

/// The endpoints that are disabled or deleted while deliveries wait for them, each once. They are dealt with one after the other, beside the
/// posting: a million deliveries that are given up must not hold up those of other endpoints.
final class EndedEndpoints: Sendable {
    private let waiting = Mutex<[EndpointID: EndpointWork]>([:])
    private let bell = Bell()

    /// An endpoint was seen that gets nothing any more.
    func submit(_ work: EndpointWork) {
        waiting.withLock { $0[work.endpoint] = work }
        bell.ring()
    }

    /// Hands them to `handle` until the task is cancelled. One that fails is seen again.
    func run(logger: Logger, _ handle: (EndpointWork) async throws -> Void) async {
        while await bell.wait() {
            while let work = waiting.withLock({ $0.popFirst()?.value }), !Task.isCancelled {
                do {
                    try await handle(work)
                } catch  where !Task.isCancelled {
                    logger.error("Could not give up deliveries.", metadata: ["error": "\(error)"])
                } catch {}
            }
        }
    }
}
