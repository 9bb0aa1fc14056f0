/// What happened to a request, with durations.
enum TimelineText {
    static let legend =
        "at: since the request came in. took: for a request, its time in the state that it left; for runs, from the first to the last. count: changes; a run that was tried three times has three of a kind."

    /// One row per change of the request, and per kind of change of its runs.
    static func table(_ timeline: RequestTimeline) -> TextTable {
        var table = TextTable([
            .right("at"), .right("took"), .whole("what"), .right("count"), .left("by"), .below("why"),
        ])
        guard let start = timeline.entries.map(\.first).min() else { return table }
        var changedAt: [String: Int64] = [:]
        for entry in timeline.entries {
            var took = ""
            if isRequest(entry.subject) {
                if entry.from != nil {
                    took = DurationText.of(microseconds: entry.first - changedAt[entry.subject, default: start])
                }
                changedAt[entry.subject] = entry.first
            } else if entry.last > entry.first {
                took = DurationText.of(microseconds: entry.last - entry.first)
            }
            table.add([
                DurationText.of(microseconds: entry.first - start), took, what(entry),
                entry.count == 1 ? "" : "\(entry.count)",
                entry.actor ?? "", entry.reason ?? "",
            ])
        }
        return table
    }

    /// Whether it is one request: the one that is asked about, or a step of a workflow.
    private static func isRequest(_ subject: String) -> Bool {
        ["request", "workflow"].contains(subject) || subject.hasPrefix("step ")
    }

    private static func what(_ entry: RequestTimeline.Entry) -> String {
        "\(entry.subject) \(entry.from.map { "\($0) → \(entry.to)" } ?? entry.to)"
    }
}
