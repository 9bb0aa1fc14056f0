import Assembly
import Contracts
import Logging
import Runtime
import Store

/// Asks for permits to call, and sees to what their answers bring about.
final class PermitAsker: Sendable {
    private let permits: CallPermitStore
    private let lease: WorkerLease
    private let dispatcher: Dispatcher
    private let hints: HintPublisher
    private let logger: Logger

    init(
        permits: CallPermitStore, lease: WorkerLease, dispatcher: Dispatcher, hints: HintPublisher, logger: Logger
    ) {
        self.permits = permits
        self.lease = lease
        self.dispatcher = dispatcher
        self.hints = hints
        self.logger = logger
    }

    /// Asks, in one statement.
    ///
    /// - Returns: claimed exchanges that cannot begin here.
    func ask(_ askings: [PermitAsking], within: Duration) async -> [Call] {
        let worker = lease.worker
        let asked = ContinuousClock.now
        do {
            let answers = try await permits.hold(askings, worker: worker, within: within)
            guard worker == lease.worker else {
                // Given up meanwhile: others may have these by now.
                dispatcher.refuse(askings, retryAfter: .zero)
                return []
            }
            let stranded = dispatcher.permit(answers, of: askings, asked: asked)
            let given = Dictionary(answers.map { ($0.source, $0) }, uniquingKeysWith: { first, _ in first })
            for asking in askings {
                // What was given up somebody else may be waiting for.
                if let permit = given[asking.source], permit.othersWant, permit.slots < max(asking.keep, 1) {
                    hints.say(.runReady(asking.source))
                }
            }
            return stranded
        } catch {
            logger.warning("Could not ask for permits to call.", metadata: ["error": "\(error)"])
            dispatcher.refuse(askings, retryAfter: .milliseconds(500))
            return []
        }
    }
}
