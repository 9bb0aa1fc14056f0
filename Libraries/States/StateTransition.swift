/// One allowed step from a state to another.
public struct StateTransition: Sendable, Hashable {
    /// Whether the step belongs to the normal flow or brings a row back into it.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        /// Every row goes this way when nothing goes wrong.
        case normal
        /// Needs a reason, which the history keeps.
        case recovery
    }

    /// Why a recovery transition happens.
    public enum Reason: String, Sendable, Hashable, CaseIterable {
        /// The worker that held the row stayed silent.
        case leaseExpired = "lease_expired"
        /// The wait after a failed attempt has begun.
        case backoff
        /// The wait after a failed attempt is over.
        case backoffOver = "backoff_over"
        /// The API works on it and will be asked again.
        case externalJob = "external_job"
        /// The external job is asked for its status or result.
        case poll
        /// An operator or a rule asks for another attempt.
        case retry
        /// Stored answers are mapped again or a result is delivered again.
        case replay
        /// The time given to the row is over.
        case deadline
        /// An operator or the client gave it up.
        case cancelled
    }

    /// The state before.
    public let from: State
    /// The state after.
    public let to: State
    /// Whether it needs a reason.
    public let kind: Kind
    /// When it happens, in a few words for people; the database says it in refusals.
    public let rule: String
    /// The reasons that allow a recovery transition; none for a normal one.
    public let reasons: [Reason]
    /// The tables in which it is allowed.
    public let entities: [StateEntity]

    /// Whether a row of this table may go from one state to another. Staying in a state is no transition and not allowed here.
    public static func allows(from: State, to: State, entity: StateEntity) -> Bool {
        find(from: from, to: to, entity: entity) != nil
    }

    /// The rule that allows a step, or nil if none does.
    public static func find(from: State, to: State, entity: StateEntity) -> StateTransition? {
        all.first { $0.from == from && $0.to == to && $0.entities.contains(entity) }
    }

    /// The states that may follow a state.
    public static func successors(of state: State, entity: StateEntity) -> [State] {
        all.filter { $0.from == state && $0.entities.contains(entity) }.map(\.to)
    }
}
