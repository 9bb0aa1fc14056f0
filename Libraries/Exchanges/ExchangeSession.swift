import Outbound
import Sources
import Templates

/// What one exchange has done so far, and with whom it speaks about it.
struct ExchangeSession {
    var secrets: SecretReader
    var calls: [CallLog] = []
    /// Whether the API has answered a call of it.
    var hasCalled = false
    let cancellation: ExchangeCancellation?
    let observer: (any ExchangeObserver)?
    /// Asked before each call of the API but the first, whether it may begin.
    var turn: (@Sendable () async -> Bool)?

    /// Notes a call that was answered.
    mutating func note(
        _ call: SourceCall, _ response: OutboundResponse, error: String? = nil, showsAnswer: Bool = true,
        purpose: ObservedCall.Purpose = .step
    ) {
        let answer = error != nil && showsAnswer ? AnswerBeginning.text(of: response.body, mask: secrets.mask) : nil
        calls.append(
            CallLog(
                method: call.method, url: call.shownURL, status: response.status,
                milliseconds: response.duration.milliseconds, responseBytes: response.body.count, error: error,
                answer: answer))
        if observer != nil {
            let mask = secrets.mask
            observe(
                call, purpose, duration: response.duration,
                answer: .init(
                    status: response.status, headers: masked(response.headers, mask),
                    body: showsAnswer ? mask.beginning(of: response.body, bytesMax: .max).bytes : []))
        }
    }

    /// The answer to the last call cannot be used after all, for what stands in it.
    mutating func refuseLast(_ response: OutboundResponse, because reason: String) {
        guard let last = calls.indices.last else { return }
        calls[last].error = reason
        calls[last].answer = AnswerBeginning.text(of: response.body, mask: secrets.mask)
    }

    /// Notes a call that was not.
    mutating func note(_ call: SourceCall, _ error: OutboundError, purpose: ObservedCall.Purpose = .step) {
        calls.append(
            CallLog(
                method: call.method, url: call.shownURL, milliseconds: error.duration.milliseconds, error: error.message
            ))
        observe(call, purpose, duration: error.duration, error: error.message)
    }

    private func observe(
        _ call: SourceCall, _ purpose: ObservedCall.Purpose, duration: Duration,
        answer: ObservedCall.Answer? = nil, error: String? = nil
    ) {
        guard let observer else { return }
        let mask = secrets.mask
        observer.observe(
            ObservedCall(
                purpose: purpose, method: call.method, url: call.shownURL, headers: masked(call.headers, mask),
                body: call.body.map { mask.beginning(of: $0, bytesMax: .max).bytes }, answer: answer, error: error,
                milliseconds: duration.milliseconds))
    }

    private func masked(
        _ headers: [(name: String, value: String)], _ mask: SecretMask
    ) -> [ObservedCall.Header] {
        headers.map { ObservedCall.Header(name: $0.name, value: mask.masked($0.value)) }
    }
}

extension Duration {
    /// The duration in milliseconds.
    var milliseconds: Float {
        Float(components.seconds) * 1000 + Float(components.attoseconds) / 1e15
    }
}
