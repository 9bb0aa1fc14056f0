extension State {
    /// What it means, a sentence for people without a full stop.
    public var meaning: String {
        switch self {
        case .new: "recorded, not looked at yet"
        case .valid: "checked and acceptable"
        case .invalid: "refused; the substate and the reason say why"
        case .waiting: "waits for something outside: a limit, an external job, a back-off"
        case .ready: "may be taken up at once"
        case .inProgress: "somebody works on it"
        case .timedout: "took longer than it was given"
        case .failed: "ended without success; the substate and the reason say why"
        case .done: "ended with an outcome"
        case .delivered: "the outcome has reached the client"
        }
    }
}
