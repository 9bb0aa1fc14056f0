import Contracts

/// How a request stands, in words.
enum OverviewText {
    /// How it stands and how its runs ended.
    static func print(_ overview: RequestOverview, to console: Console) {
        for line in lines(overview, style: console.style) { console.print(line) }
        console.print()
        console.print(outcomes(overview))
        let examples = examples(overview)
        if !examples.isEmpty { console.print() }
        for line in examples { console.print(line) }
    }

    /// A headline and what there is to say about the state.
    static func lines(_ overview: RequestOverview, style: TextStyle) -> [String] {
        let substate = overview.substate ?? (overview.isPartial ? "partial" : nil)
        let state = [overview.state, substate].compactMap(\.self).joined(separator: ", ")
        let coloured = coloured(state, overview, style)
        var lines = ["request \(overview.id) (\(TerminalText.safe(overview.activity))): \(coloured)"]
        if let reason = overview.reason { lines.append("reason: \(TerminalText.safe(reason))") }
        lines.append(
            "accepted \(InstantText.second(overview.createdAt)) with \(Quantity(overview.objectsTotal, "object"))")
        if overview.objectsExpanded < overview.objectsTotal, !overview.isFinished {
            let verb = overview.objectsExpanded == 1 ? "has" : "have"
            lines.append("\(overview.objectsExpanded) of them \(verb) runs so far")
        }
        if let counts = overview.qualification {
            lines.append(
                "qualified: \(counts.qualified) of \(Quantity(counts.qualified + counts.unqualified, "object"))")
        }
        if let bytes = overview.resultBytes { lines.append("result: \(Quantity(bytes, "byte"))") }
        return lines
    }

    /// Red for what ended without any success, yellow for what is open or lacks something.
    private static func coloured(_ state: String, _ overview: RequestOverview, _ style: TextStyle) -> String {
        guard overview.isFinished else { return style.yellow(state) }
        guard overview.isSuccessful, overview.runs.done > 0 || overview.runs.total == 0 else { return style.red(state) }
        return overview.isPartial ? style.yellow(state) : style.green(state)
    }

    /// The runs by outcome: what there is to say about done ones, why open ones wait, and failures by their reason.
    static func outcomes(_ overview: RequestOverview) -> TextTable {
        var table = TextTable("runs", ">count", "reason", "objects")
        let runs = overview.runs
        if runs.done > 0 || runs.total == 0 { table.add(["done", "\(runs.done)"]) }
        for note in overview.notes { table.add(row(note, title: "· \(note.substate ?? "note")")) }
        if runs.open > 0 { table.add(["open", "\(runs.open)"]) }
        for wait in overview.waiting { table.add(row(wait, title: "· \(wait.substate ?? "waiting")")) }
        if overview.failures.isEmpty {
            for (name, count) in [("failed", runs.failed), ("invalid", runs.invalid), ("timedout", runs.timedout)]
            where count > 0 {
                table.add([name, "\(count)"])
            }
        }
        for failure in overview.failures { table.add(row(failure, title: failure.substate ?? "failed")) }
        return table
    }

    private static func row(_ group: RunGroup, title: String) -> [String] {
        // An extract's run is about no object.
        let more = !group.objects.isEmpty && group.count > group.objects.count ? ", …" : ""
        return [title, "\(group.count)", group.reason ?? "", group.objects.joined(separator: ", ") + more]
    }

    /// The reason of each failure, wait and note in full, which a table may have to cut, and an example of the calls behind it with the
    /// beginning of its answer.
    static func examples(_ overview: RequestOverview) -> [String] {
        (overview.failures + overview.waiting + overview.notes).flatMap { group -> [String] in
            let about = group.objects.first.map { ", \($0)" } ?? ""
            var lines = ["\(group.substate ?? "failed")\(about): \(group.reason ?? "")"]
            if let call = group.call {
                lines.append("  \(call.method) \(call.url) → \(call.status.map { "HTTP \($0)" } ?? "no answer")")
                if let answer = call.answer { lines.append("  \(answer)") }
            }
            return lines.map(TerminalText.safe)
        }
    }

    /// One line for each delivery that has not got through.
    static func undelivered(_ deliveries: [DeliveryOverview]) -> [String] {
        deliveries.filter { $0.state != "delivered" }.map { delivery in
            let standing =
                switch (delivery.state, delivery.attempts) {
                case ("failed", let attempts): "was given up after \(Quantity(attempts, "attempt"))"
                case ("in_progress", _): "is under way"
                case (_, 0): "has not been tried yet"
                case (_, let attempts): "waits after \(Quantity(attempts, "attempt"))"
                }
            let reason = delivery.reason.map { ": \($0)" } ?? ""
            return TerminalText.safe("delivery to \(delivery.endpoint) \(standing)\(reason)")
        }
    }

    /// Where the outcome has been delivered to, and where not yet.
    ///
    /// - Parameter now: microseconds since 1970.
    static func deliveries(_ deliveries: [DeliveryOverview], now: Int64) -> [String] {
        deliveries.flatMap { delivery -> [String] in
            var parts = [delivery.state, "\(Quantity(delivery.attempts, "attempt"))"]
            if let due = delivery.nextAttemptAt {
                parts.append(due > now ? "the next in \(DurationText.of(microseconds: due - now))" : "the next is due")
            }
            let line = "delivery to \(delivery.endpoint): \(parts.joined(separator: ", "))"
            let remedy = delivery.state == "failed" ? "  weir webhook resend \(delivery.id) sends it again" : nil
            return ([line] + [delivery.reason.map { "  \($0)" }, remedy].compactMap(\.self)).map(TerminalText.safe)
        }
    }
}
