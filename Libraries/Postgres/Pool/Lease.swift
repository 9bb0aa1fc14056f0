internal import Synchronization

/// A connection that belongs to one caller for a while.
struct Lease: Sendable {
    let thread: ConnectionThread
    let session: SessionFacts

    /// Does one flight on the leased session. If the task is cancelled meanwhile, the server is asked to stop.
    ///
    /// A flight that ends the lease is only kept from beginning: whoever has the connection next may be at work by the time that the server
    /// gets the request, and would be stopped in its place.
    nonisolated(nonsending) func fly(
        _ work: Flight.Work, endsLease: Bool = false, isCancellable: Bool = true
    ) async -> Flight.Outcome {
        let flight = Flight(work, epoch: session.epoch, endsLease: endsLease)
        guard isCancellable else { return await flight.outcome { thread.post($0) } }
        // In a task that is cancelled already the flight is posted all the same: it does nothing, but ends the lease if it is to.
        let cancellation = FlightCancellation(flight, endsLease ? nil : session.cancelRequest)
        let outcome = await withTaskCancellationHandler {
            await flight.outcome { thread.post($0) }
        } onCancel: {
            cancellation.begin()
        }
        // A session that is lost has no next statement, and a server that hangs lets a request to stop wait as long as it does.
        if case .failure(let error) = outcome, error.code == .connection { return outcome }
        // A request that is under way must not meet the next statement.
        let wasAsked = await cancellation.settled()
        guard wasAsked, case .failure(let error) = outcome, error.sqlState == PostgresError.queryCancelled else {
            return outcome
        }
        return .failure(error.with { $0.code = .cancelled })
    }
}

/// A caller who waits for a connection of his own.
final class LeaseRequest: Sendable {
    typealias Answer = Result<Lease, PostgresError>

    let ticket: Int
    private let continuation = Mutex<CheckedContinuation<Answer, Never>?>(nil)

    init(ticket: Int) {
        self.ticket = ticket
    }

    /// Hands the request to `submit` and waits for the answer.
    nonisolated(nonsending) func answer(after submit: (LeaseRequest) -> Void) async -> Answer {
        await withCheckedContinuation { continuation in
            self.continuation.withLock { $0 = continuation }
            submit(self)
        }
    }

    /// Only the first answer counts.
    func answer(_ answer: Answer) {
        continuation.withLock { $0.take() }?.resume(returning: answer)
    }
}
