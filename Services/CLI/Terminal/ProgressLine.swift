import Contracts
import Synchronization

/// Shows how far a long piece of work is: a bar that is drawn over and over on a terminal, a line now and then elsewhere.
final class ProgressLine: Sendable {
    private struct State {
        var drawnAt: ContinuousClock.Instant?
        var isDrawn = false
    }

    /// The pause between two pictures on a terminal, and between two lines elsewhere.
    private static let terminalPause: Duration = .milliseconds(80)
    private static let linePause: Duration = .seconds(5)
    private static let barWidth = 30

    private let console: Console
    private let startedAt = ContinuousClock.now
    private let state = Mutex(State())

    init(console: Console) {
        self.console = console
    }

    /// Shows a count of a total; a total of 0 stands for "not known yet". The unit is the word for one.
    func show(_ count: Int, of total: Int, _ unit: String) {
        draw { elapsed in Self.text(count, of: total, unit, elapsed: elapsed) }
    }

    /// Shows words for work that cannot be counted.
    func show(_ words: String) {
        draw { elapsed in "\(words) · \(DurationText.of(elapsed))" }
    }

    /// Takes the bar away so that other lines can follow.
    func finish() {
        state.withLock { state in
            if state.isDrawn { console.noteRaw("\r\u{1B}[K") }
            state.isDrawn = false
        }
    }

    static func text(_ count: Int, of total: Int, _ unit: String, elapsed: Duration) -> String {
        guard total > 0 else { return "\(Quantity(count, unit)) · \(DurationText.of(elapsed))" }
        let filled = min(barWidth, barWidth * count / total)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: barWidth - filled)
        let seconds = Double(elapsed.components.seconds) + Double(elapsed.components.attoseconds) / 1e18
        let rate = seconds >= 0.2 && count > 0 ? " · \(Int(Double(count) / seconds))/s" : ""
        return "\(bar) \(count)/\(Quantity(total, unit)) · \(DurationText.of(elapsed))\(rate)"
    }

    private func draw(_ text: (Duration) -> String) {
        let now = ContinuousClock.now
        state.withLock { state in
            let pause = console.isErrorTerminal ? Self.terminalPause : Self.linePause
            // Elsewhere the first line comes after a pause too: short work needs none.
            let last = state.drawnAt ?? (console.isErrorTerminal ? startedAt - pause : startedAt)
            guard now - last >= pause else { return }
            state.drawnAt = now
            if console.isErrorTerminal {
                console.noteRaw("\r\u{1B}[K\(text(now - startedAt))")
                state.isDrawn = true
            } else {
                console.note(text(now - startedAt))
            }
        }
    }
}
