import Exchanges
import Sources
import Store

/// What becomes of the runs of an exchange that failed, each by its own attempt. Pure.
struct RunVerdicts {
    /// The attempts that the runs are in, each once.
    private let attempts: [Int]
    private let retry: RetryPolicy

    /// - Parameters:
    ///   - attempts: of the runs, from 1.
    ///   - retry: of the source.
    init(attempts: [Int], retry: RetryPolicy) {
        self.attempts = Set(attempts).sorted()
        self.retry = retry
    }

    /// A verdict for each attempt that runs are in.
    ///
    /// - Parameter random: a number from 0 to 1, for the jitter.
    func of(_ failure: ExchangeFailure, random: Double) -> [RecordedFailure.Verdict] {
        attempts.map { attempt in
            let (outcome, reason) = verdict(on: failure, attempt: attempt, random: random)
            return RecordedFailure.Verdict(attempt: attempt, outcome: outcome, reason: reason)
        }
    }

    private func verdict(
        on failure: ExchangeFailure, attempt: Int, random: Double
    ) -> (RecordedFailure.Outcome, reason: String) {
        switch failure.kind {
        case .fail: (.failed, failure.reason)
        case .ownFault: (.retry(after: .milliseconds(100)), failure.reason)
        case .retry(let after): again(failure, attempt, after, random, end: .failed)
        case .timedOut: again(failure, attempt, nil, random, end: .timedout)
        case .retryLater(let after):
            (.postponed(by: after), "\(failure.reason), again in \(Self.seconds(after)) s")
        case .pauseSource(let pause):
            (.postponed(by: pause), "the source is paused: \(failure.reason), again in \(Self.seconds(pause)) s")
        }
    }

    private func again(
        _ failure: ExchangeFailure, _ attempt: Int, _ after: Duration?, _ random: Double, end: RecordedFailure.Outcome
    ) -> (RecordedFailure.Outcome, reason: String) {
        let which = "\(failure.reason); attempt \(attempt) of \(retry.attempts)"
        guard let delay = retry.delay(afterAttempt: attempt, retryAfter: after, random: random) else {
            return (end, "\(which) was the last")
        }
        return (.retry(after: delay), "\(which), again in \(Self.seconds(delay)) s")
    }

    private static func seconds(_ duration: Duration) -> Float {
        (Float(duration.components.seconds) * 1000 + Float(duration.components.attoseconds) / 1e15).rounded() / 1000
    }
}
