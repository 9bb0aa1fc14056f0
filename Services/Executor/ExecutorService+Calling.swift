import Assembly
import Contracts
import Logging
import Runtime
import Sources
import Store

// Calling APIs, and recording what came back.
extension ExecutorService {
    /// Makes a call, and then those that take its place, one after the other.
    func make(_ first: Call) async {
        var next: Call? = first
        while let call = next {
            if call.worker != lease.worker {
                // Its lease was lost meanwhile: whoever has the runs by now makes this call.
                jobs.forget(call)
                next = dispatcher.end(call, bytes: 0)
                dispatcher.recorded(1, bytes: 0)
                continue
            }
            let started = ContinuousClock.now
            let made: (outcome: RecordedOutcome?, bytes: Int)
            if call.job != nil || call.source.setup.job != nil {
                made = await jobs.make(call)
            } else {
                let outcome = await runner.run(call.exchange, source: call.source)
                made = (outcome, outcome.bytes)
            }
            metrics.exchangeSeconds.record((ContinuousClock.now - started) / .seconds(1))
            if let outcome = made.outcome { submit(outcome, logger.about(call.exchange)) }
            next = dispatcher.end(call, bytes: made.bytes)
        }
    }

    @Sendable func submit(_ outcome: RecordedOutcome) { submit(outcome, logger) }

    private func submit(_ outcome: RecordedOutcome, _ logger: Logger) {
        metrics.note(outcome)
        switch outcome {
        case .answer(let answer): answers.submit(answer)
        case .failure(let failure):
            logger.debug(
                "An exchange has brought nothing.",
                metadata: [
                    "exchange": "\(failure.exchange)", "substate": "\(failure.substate)", "reason": "\(failure.reason)",
                ])
            failures.submit(failure)
        }
    }

    // An answer that was paid for is not thrown away because the database is away for a moment: it is recorded once it is back,
    // unless the lease was lost meanwhile, in which case the statement passes it over.

    func record(_ batch: [RecordedAnswer]) async {
        let start = ContinuousClock.now
        await insist(on: "record \(Quantity(batch.count, "answer"))", logger: logger) {
            try await runs.record(batch, worker: lease.worker)
            hints.say(.answerRecorded)
        }
        metrics.recordSeconds.record(start.duration(to: .now))
        await jobs.settle(batch.map(\.exchange))
        dispatcher.recorded(batch.count, bytes: batch.reduce(0) { $0 + $1.body.count })
    }

    func record(_ batch: [RecordedFailure]) async {
        let start = ContinuousClock.now
        await insist(on: "record \(Quantity(batch.count, "failure"))", logger: logger) {
            for request in try await runs.record(batch, worker: lease.worker) {
                hints.say(.runsClosed(request))
            }
        }
        metrics.recordSeconds.record(start.duration(to: .now))
        await jobs.settle(batch.map(\.exchange))
        dispatcher.recorded(batch.count, bytes: 0)
    }
}

extension Logger {
    /// The same logger for lines about an exchange: the request and the run that it is for, if it is for one.
    fileprivate func about(_ exchange: ClaimedExchange) -> Logger {
        // Thousands end each second, and hardly ever is anything said of one.
        guard logLevel <= .debug, let first = exchange.runs.first else { return self }
        var logger = self
        logger[metadataKey: "source"] = "\(exchange.source)"
        logger[metadataKey: "runs"] = "\(exchange.runs.count)"
        if exchange.runs.count == 1 { logger[metadataKey: "run"] = "\(first.id)" }
        return exchange.runs.allSatisfy { $0.request == first.request } ? logger.about(first.request) : logger
    }
}
