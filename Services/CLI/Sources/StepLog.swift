import Synchronization

/// The steps of a trial: shown to a person as they come, kept for a program.
final class StepLog: Sendable {
    private let console: Console?
    private let steps = Mutex<[TrialStep]>([])

    /// - Parameter console: where people read; nil when only a program does.
    init(console: Console?) {
        self.console = console
    }

    func add(_ step: TrialStep) {
        steps.withLock { $0.append(step) }
        guard let console else { return }
        for line in step.lines(style: console.style) { console.print(line) }
    }

    var all: [TrialStep] { steps.withLock { $0 } }
}
