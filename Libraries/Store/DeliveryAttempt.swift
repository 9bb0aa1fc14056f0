import Contracts

/// How one attempt of a delivery went.
public struct DeliveryAttempt: Sendable {
    /// What becomes of the delivery.
    public enum Outcome: Sendable, Equatable {
        /// The endpoint took it.
        case delivered
        /// It is tried again after the delay.
        case retry(after: Duration)
        /// It is given up.
        case failed
        /// It was not tried, through no fault of the endpoint's or of its declaration: it waits, and has used up no attempt.
        case postponed(after: Duration)
        /// It could not be made, since its endpoint lacks something: it waits for that, and has used up no attempt.
        case held(after: Duration)
    }

    /// What the attempt says of its endpoint.
    public enum Finding: Sendable, Equatable {
        /// It took the delivery.
        case taken
        /// It did not.
        case notTaken
        /// It says that it is not wanted any more.
        case gone
        /// It lacks a secret or a header, so that nothing could be posted.
        case incomplete
        /// Nothing: the delivery was not posted at all.
        case none
    }

    /// The delivery.
    public let delivery: ClaimedDelivery
    /// What becomes of it.
    public let outcome: Outcome
    /// What it says of the endpoint.
    public let finding: Finding
    /// The HTTP status, when there was one.
    public let status: Int?
    /// The whole exchange, in milliseconds.
    public let milliseconds: Double
    /// What went wrong, a short word for programs; nil when the endpoint took it.
    public let substate: String?
    /// What went wrong, for people.
    public let error: String?
    /// The beginning of the endpoint's answer, secrets masked.
    public let answer: String?

    /// One attempt.
    public init(
        delivery: ClaimedDelivery, outcome: Outcome, finding: Finding, status: Int?, milliseconds: Double,
        substate: String?, error: String?, answer: String?
    ) {
        self.delivery = delivery
        self.outcome = outcome
        self.finding = finding
        self.status = status
        self.milliseconds = milliseconds
        self.substate = substate
        self.error = error
        self.answer = answer
    }
}

extension DeliveryAttempt.Outcome {
    var state: String {
        switch self {
        case .delivered: "delivered"
        case .retry, .postponed, .held: "ready"
        case .failed: "failed"
        }
    }

    var delaySeconds: Double? {
        switch self {
        case .retry(let delay), .postponed(let delay), .held(let delay): delay.inSeconds
        case .delivered, .failed: nil
        }
    }

    /// Whether it is kept, so that people see why.
    var isKept: Bool {
        if case .postponed = self { false } else { true }
    }

    /// Whether it uses up an attempt of the schedule.
    var isCounted: Bool {
        switch self {
        case .delivered, .retry, .failed: true
        case .postponed, .held: false
        }
    }
}

extension DeliveryAttempt.Finding {
    /// Its word in SQL; nil when there is nothing to say.
    var word: String? {
        switch self {
        case .taken: "taken"
        case .notTaken: "not_taken"
        case .gone: "gone"
        case .incomplete: "incomplete"
        case .none: nil
        }
    }
}
