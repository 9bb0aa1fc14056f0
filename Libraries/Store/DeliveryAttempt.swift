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
    }

    /// What the attempt says of its endpoint.
    public enum Finding: Sendable, Equatable {
        /// It took the delivery.
        case taken
        /// It did not.
        case notTaken
        /// It says that it is not wanted any more.
        case gone
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
        case .retry, .postponed: "ready"
        case .failed: "failed"
        }
    }

    var delaySeconds: Double? {
        switch self {
        case .retry(let delay), .postponed(let delay): delay.inSeconds
        case .delivered, .failed: nil
        }
    }

    /// Whether it counts as an attempt, which is kept.
    var isPosted: Bool {
        if case .postponed = self { false } else { true }
    }
}

extension DeliveryAttempt.Finding {
    /// Whether the endpoint took it; nil when nobody asked.
    var isTaken: Bool? {
        switch self {
        case .taken: true
        case .notTaken, .gone: false
        case .none: nil
        }
    }
}
