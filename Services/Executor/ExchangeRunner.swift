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

/// Makes one exchange of a source for the runs that were claimed for it. It decides nothing about other exchanges.
struct ExchangeRunner: Sendable {
    /// A number from 0 to 1, for the jitter of retries.
    let random: @Sendable () -> Double
    let underWay: CallsUnderWay

    /// Runs the exchange to its end. Every error becomes an outcome.
    func run(_ exchange: ClaimedExchange, source: PreparedSource) async -> RecordedOutcome {
        let cancellation = ExchangeCancellation()
        underWay.begin(exchange.id, cancellation)
        defer { underWay.end(exchange.id) }
        let outcome = await source.client.perform(
            .run, variables: { Self.variable($0, exchange, source) }, cancellation: cancellation)
        switch outcome {
        case .answer(let answer):
            return .answer(RecordedAnswer(exchange: exchange.id, answer))
        case .failure(let failure):
            let verdicts = RunVerdicts(attempts: exchange.runs.map(\.attempt), retry: source.setup.retry)
            return .failure(RecordedFailure(exchange: exchange.id, failure, verdicts.of(failure, random: random())))
        }
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

extension RecordedAnswer {
    /// An answer as it is recorded.
    init(exchange: RunRequestID, _ answer: ExchangeAnswer) {
        self.init(
            exchange: exchange, status: answer.status, contentType: answer.contentType, body: answer.body,
            pages: answer.pages, noData: answer.noData, calls: answer.calls.map(ExchangeLog.init))
    }
}

extension RecordedFailure {
    /// A failure as it is recorded.
    init(exchange: RunRequestID, _ failure: ExchangeFailure, _ verdicts: [Verdict]) {
        var pause: Pause?
        if case .pauseSource(let duration) = failure.kind { pause = Pause(duration: duration, reason: failure.reason) }
        self.init(
            exchange: exchange, isTimeout: failure.kind == .timedOut, substate: failure.substate,
            reason: failure.reason, verdicts: verdicts, pause: pause, calls: failure.calls.map(ExchangeLog.init))
    }
}

extension ExchangeLog {
    /// A call as it is logged.
    init(_ call: CallLog) {
        self.init(
            method: call.method, url: call.url, status: call.status, milliseconds: call.milliseconds,
            responseBytes: call.responseBytes, error: call.error, answer: call.answer)
    }
}
