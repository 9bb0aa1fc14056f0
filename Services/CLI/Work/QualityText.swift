import Contracts

/// How good data is, in words and tables.
enum QualityText {
    /// Prints all that there is to say.
    ///
    /// - Parameter subject: what it is about: `request …`, `source registry since …`.
    static func print(_ overview: QualityOverview, of subject: String, to console: Console) {
        for line in lines(overview, of: subject, style: console.style) { console.print(line) }
        for (title, table) in tables(overview) {
            console.print()
            console.print(console.style.bold(title))
            console.print(table)
        }
        if !overview.advice.isEmpty { console.print() }
        for sentence in overview.advice {
            for line in console.wrapped("- \(TerminalText.safe(sentence))", indentation: 2) { console.print(line) }
        }
    }

    /// A headline and what was looked at.
    static func lines(_ overview: QualityOverview, of subject: String, style: TextStyle) -> [String] {
        let open = overview.runsOpen > 0 ? ", \(overview.runsOpen) of them open" : ""
        var lines = ["\(TerminalText.safe(subject)): \(Quantity(overview.runsTotal, "run"))\(open)"]
        if overview.isCut {
            let reach = overview.oldestRunAt.map { ", made since \(InstantText.minute($0))" } ?? ""
            lines.append(
                style.yellow("there are more runs than are looked at: these are \(overview.runsTotal)\(reach)"))
        }
        if overview.runsTotal == 0 { lines.append("There is nothing to judge by.") }
        return lines
    }

    /// A table of each kind of which there is something.
    static func tables(_ overview: QualityOverview) -> [(title: String, table: TextTable)] {
        let tables: [(String, [QualityOverview.Group], [TextTable.Column])] = [
            (
                "Coverage of datapoints", overview.coverage,
                [
                    .left("source"), .left("datapoint"), .right("objects"), .right("value"), .right("null"),
                    .right("nothing"), .right("no answer"), .right("coverage"),
                ]
            ),
            (
                "Values that could not be converted", overview.conversions,
                [
                    .left("source"), .left("datapoint"), .right("count"), .left("path"), .left("reason"),
                    .left("objects"),
                ]
            ),
            (
                "Values that contradict each other", overview.conflicts,
                [.left("datapoint"), .right("objects"), .left("examples")]
            ),
            (
                "Empty answers", overview.emptyAnswers,
                [.left("source"), .left("kind"), .right("runs"), .left("reason"), .left("objects")]
            ),
            (
                "Runs without success", overview.failures,
                [
                    .left("source"), .left("state"), .left("substate"), .right("runs"), .left("reason"),
                    .left("objects"),
                ]
            ),
        ]
        return tables.filter { !$0.1.isEmpty }.map { title, groups, columns in
            var table = TextTable(columns)
            for group in groups { table.add(group.cells) }
            return (title, table)
        }
    }
}
