import Contracts

/// How a request for a workflow stands, as a tree: phases with how far they are, and below each its steps with the same.
enum WorkflowText {
    private static let barWidth = 10

    static func print(_ overview: WorkflowOverview, to console: Console) {
        for line in lines(overview, style: console.style) { console.print(line) }
    }

    static func lines(_ overview: WorkflowOverview, style: TextStyle) -> [String] {
        let state = text(overview.state, overview.substate)
        var lines = [
            "workflow request \(overview.id) (\(TerminalText.safe(overview.workflow ?? "no workflow"))): "
                + coloured(state, overview.state, style)
        ]
        if let reason = overview.reason { lines.append("reason: \(TerminalText.safe(reason))") }
        lines.append("accepted \(InstantText.second(overview.createdAt))")
        let steps = overview.phases.flatMap(\.steps)
        let cells = steps.map(Self.cells)
        let widths = (0..<(cells.first?.count ?? 0)).map { column in
            cells.map { DisplayWidth.of($0[column]) }.max() ?? 0
        }
        for phase in overview.phases {
            lines.append("")
            let progress = progress(phase.runsEnded, of: phase.runsExpected)
            lines.append(style.bold("phase \(phase.number)") + (progress.isEmpty ? "" : "  \(progress)"))
            for (index, step) in phase.steps.enumerated() {
                let isLast = index == phase.steps.count - 1
                let padded = zip(Self.cells(step), widths).map { TerminalText.padded($0, width: $1) }
                // Padded first: what colours a text has no width.
                let columns = [padded[0], padded[1], coloured(padded[2], step.state, style)] + padded[3...]
                lines.append((isLast ? "└─ " : "├─ ") + columns.joined(separator: "  ") + "  " + step.request)
                for note in notes(on: step) {
                    lines.append((isLast ? "   " : "│  ") + "  " + style.faint(TerminalText.safe(note)))
                }
            }
        }
        return lines
    }

    /// Key, activity, state, objects and progress of a step.
    private static func cells(_ step: WorkflowOverview.Step) -> [String] {
        // Before a step begins nobody knows its objects.
        let known = step.state == "waiting" ? nil : step.objects
        let qualified = step.qualified.map { ", \($0) qualified" } ?? ""
        let objects = known.map { "\(Quantity($0, "object"))\(qualified)" } ?? ""
        return [
            step.key, step.activity, text(step.state, step.substate), objects,
            progress(step.runsEnded, of: step.runsExpected),
        ].map(
            TerminalText.safe)
    }

    /// A bar and numbers; empty while nobody knows what it comes to.
    private static func progress(_ ended: Int, of expected: Int) -> String {
        guard expected > 0 else { return "" }
        let filled = min(barWidth, barWidth * ended / expected)
        let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: barWidth - filled)
        return "\(bar) \(ended) of \(Quantity(expected, "run"))"
    }

    private static func notes(on step: WorkflowOverview.Step) -> [String] {
        let outcomes = [
            (step.runs.failed, "failed"), (step.runs.invalid, "invalid"), (step.runs.timedout, "timed out"),
        ]
        let lost = outcomes.filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
        return [step.reason, lost.isEmpty ? nil : "runs without success: \(lost)"].compactMap(\.self)
    }

    private static func text(_ state: String, _ substate: String?) -> String {
        [state, substate].compactMap(\.self).joined(separator: ", ")
    }

    /// Green for what ended well, red for what ended otherwise, yellow for what is open.
    private static func coloured(_ text: String, _ state: String, _ style: TextStyle) -> String {
        switch state {
        case "done", "delivered": style.green(text)
        case "failed", "invalid", "timedout": style.red(text)
        default: style.yellow(text)
        }
    }
}
