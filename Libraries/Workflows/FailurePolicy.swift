/// What becomes of a workflow when a step of it did not succeed wholly: it failed, ran out of time, was not valid, or lacks some of its runs.
public enum FailurePolicy: String, Sendable, Hashable, CaseIterable {
    /// The workflow ends: what waits for a later phase is not begun.
    case stop
    /// It goes on without the step: nothing of it flows to its destinations.
    case skip
    /// It goes on with what succeeded.
    case `continue`

    /// What counts where nothing is said.
    public static let standard = FailurePolicy.continue
}
