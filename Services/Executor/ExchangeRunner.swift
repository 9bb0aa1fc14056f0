import Contracts
import Exchanges
import JSON
import Sources
import Store
import Templates

/// What an exchange came to, as it is recorded.
enum RecordedOutcome: Sendable {
    /// The API answered with success.
    case answer(RecordedAnswer)
    /// It did not, for now or for good.
    case failure(RecordedFailure)
}

extension RecordedOutcome {
    /// The bytes of its answer.
    var bytes: Int {
        if case .answer(let answer) = self { answer.body.count } else { 0 }
    }
}

/// Makes one exchange of a source for the runs that were claimed for it. It decides nothing about other exchanges.
struct ExchangeRunner: Sendable {
    /// A number from 0 to 1, for the jitter of retries.
    let random: @Sendable () -> Double
    let underWay: CallsUnderWay
    let dispatcher: Dispatcher

    /// Runs the exchange to its end. Every error becomes an outcome.
    func run(_ exchange: ClaimedExchange, source: PreparedSource) async -> RecordedOutcome {
        switch await perform(.run, of: exchange, source: source) {
        case .answer(let answer):
            return .answer(RecordedAnswer(exchange: exchange.id, answer))
        case .failure(let failure):
            let verdicts = RunVerdicts(attempts: exchange.runs.map(\.attempt), retry: source.setup.retry)
            return .failure(RecordedFailure(exchange: exchange.id, failure, verdicts.of(failure, random: random())))
        }
    }

    /// Makes one step of the source for the exchange's runs.
    ///
    /// - Parameters:
    ///   - isJobStep: whether the exchange waits for its job meanwhile.
    ///   - end: how long further calls wait for their start; nil: as long as it takes, or until nobody wants the exchange any more.
    ///   - also: variables besides those of the runs.
    func perform(
        _ step: SourceStep, of exchange: ClaimedExchange, source: PreparedSource, isJobStep: Bool = false,
        until end: ContinuousClock.Instant? = nil, also: (String) -> TemplateVariable? = { _ in nil }
    ) async -> ExchangeOutcome {
        let cancellation = ExchangeCancellation()
        underWay.begin(exchange.id, cancellation, isJobStep: isJobStep)
        defer { underWay.end(exchange.id) }
        let outcome = await source.client.perform(
            step, variables: { Self.variable($0, exchange, source) ?? also($0) }, cancellation: cancellation,
            turn: { [dispatcher] in
                await dispatcher.turn(of: exchange.ready, until: end, cancellation: cancellation)
            })
        source.calls.note(outcome.calls)
        return outcome
    }

    /// Waits until the step of a job may make a further call: a rate counts every one.
    ///
    /// - Returns: false when it may not until `end`, or any more: its lease is lost, or the executor stops.
    func mayCallAgain(for exchange: ClaimedExchange, until end: ContinuousClock.Instant) async -> Bool {
        let cancellation = ExchangeCancellation()
        underWay.begin(exchange.id, cancellation, isJobStep: true)
        defer { underWay.end(exchange.id) }
        return await dispatcher.turn(of: exchange.ready, until: end, cancellation: cancellation)
    }

    private static func variable(
        _ name: String, _ exchange: ClaimedExchange, _ source: PreparedSource
    ) -> TemplateVariable? {
        switch name {
        case "object": return exchange.runs.first?.objectName.map { TemplateVariable(.string($0)) }
        case "objects":
            let names = exchange.runs.compactMap(\.objectName)
            return names.isEmpty ? nil : TemplateVariable(.array(names.map { .string($0) }))
        case "max_objects": return TemplateVariable(.number(JSONNumber(source.runsPerExchange)))
        default: return exchange.runs.first?.variables[name].map { TemplateVariable($0) }
        }
    }
}

extension ClaimedExchange {
    fileprivate var ready: ReadySource { ReadySource(org: org, source: source) }
}

extension RecordedAnswer {
    /// An answer as it is recorded.
    init(exchange: RunRequestID, _ answer: ExchangeAnswer) {
        self.init(
            exchange: exchange, status: answer.status, contentType: answer.contentType, body: answer.body,
            pages: answer.pages, noData: answer.noData, calls: answer.calls)
    }
}

extension RecordedFailure {
    /// A failure as it is recorded.
    init(exchange: RunRequestID, _ failure: ExchangeFailure, _ verdicts: [Verdict]) {
        self.init(
            exchange: exchange, isTimeout: failure.kind == .timedOut, substate: failure.substate,
            reason: failure.reason, verdicts: verdicts, pause: failure.pause, calls: failure.calls)
    }
}

extension RecordedAnswer {
    /// The same without its lines, which stand in the log already.
    var withoutCalls: RecordedAnswer {
        RecordedAnswer(
            exchange: exchange, status: status, contentType: contentType, body: body, pages: pages, noData: noData,
            calls: [])
    }
}

extension RecordedFailure {
    /// The same without its lines, which stand in the log already.
    var withoutCalls: RecordedFailure {
        RecordedFailure(
            exchange: exchange, isTimeout: isTimeout, substate: substate, reason: reason, verdicts: verdicts,
            pause: pause, calls: [])
    }
}

extension ExchangeFailure {
    /// Set when the source is paused.
    var pause: SourcePause? {
        guard case .pauseSource(let duration) = kind else { return nil }
        return SourcePause(duration: duration, reason: reason)
    }
}
