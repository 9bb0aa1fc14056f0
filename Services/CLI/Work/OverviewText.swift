import Contracts

/// How a request stands, in words.
enum OverviewText {
    /// A headline and what there is to say about the state.
    static func lines(_ overview: RequestOverview, style: TextStyle) -> [String] {
        let state = [overview.state, overview.substate].compactMap(\.self).joined(separator: ", ")
        let coloured =
            overview.isSuccessful ? style.green(state) : overview.isFinished ? style.red(state) : style.yellow(state)
        var lines = ["request \(overview.id) (\(TerminalText.safe(overview.activity))): \(coloured)"]
        if let reason = overview.reason { lines.append("reason: \(TerminalText.safe(reason))") }
        lines.append("accepted \(overview.createdAt) with \(overview.objectsTotal) objects")
        if overview.objectsExpanded < overview.objectsTotal, !overview.isFinished {
            lines.append("\(overview.objectsExpanded) of them have runs so far")
        }
        if let bytes = overview.resultBytes { lines.append("result: \(bytes) bytes") }
        return lines
    }

    /// The runs by outcome, failures by their reason.
    static func outcomes(_ overview: RequestOverview) -> TextTable {
        var table = TextTable("runs", ">count", "reason", "objects")
        let runs = overview.runs
        if runs.done > 0 || runs.total == 0 { table.add(["done", "\(runs.done)"]) }
        if runs.open > 0 { table.add(["open", "\(runs.open)"]) }
        if overview.failures.isEmpty {
            for (name, count) in [("failed", runs.failed), ("invalid", runs.invalid), ("timedout", runs.timedout)]
            where count > 0 {
                table.add([name, "\(count)"])
            }
        }
        for failure in overview.failures {
            let more = failure.count > failure.objects.count ? ", …" : ""
            table.add([
                failure.substate ?? "failed", "\(failure.count)", failure.reason ?? "",
                failure.objects.joined(separator: ", ") + more,
            ])
        }
        return table
    }
}
