import Contracts
import JSON

/// What a demo shows at its end.
struct DemoReport {
    private static let columns = ["name", "official_name", "alpha_3", "numeric_code", "flag"]
    /// Some with an official name, some without, some whose writing is a test of every step.
    private static let shown = ["NO", "ZM", "AX", "AU", "CI", "KR", "AW", "ST"]

    let context: CommandContext
    private var console: Console { context.console }

    /// Some of what the webhook brought.
    func results(_ lines: [ResultLine], webhookID: String, took: Duration) {
        let style = console.style
        console.print()
        console.print(
            style.green("✓")
                + " the signed result of \(Quantity(lines.count, "country", "countries")) arrived and verified after \(style.bold(DurationText.of(took)))"
        )
        console.print(style.faint("  webhook-id \(webhookID)"))
        console.print()
        let some = Self.shown.compactMap { code in lines.first { $0.object == code } }
        console.print(ResultTable(some, columns: Self.columns).table())
        let absent = lines.count { $0.values["official_name"] == nil }
        let note =
            "\(ResultTable.absent) the list has no official name for \(absent) of the countries: the value is absent, not empty"
        for line in console.wrapped(note, indentation: 2) { console.print(style.faint(line)) }
    }

    /// What happened, step by step.
    func timeline(_ timeline: RequestTimeline) {
        console.print()
        console.print(TimelineText.table(timeline))
        for line in console.wrapped(TimelineText.legend) { console.print(console.style.faint(line)) }
    }

    /// What to try next.
    func suggest(keptIn state: StateDirectory?) {
        console.print()
        if let state {
            console.print("The state is kept in \(state.path):")
            console.print("webhooks/, logs/, and the database, which runs again with")
            console.print("  WEIR_STATE_DIR=\(SuggestedCommand.quoted(state.path)) \(context.command()) up")
            console.print()
        }
        console.print(console.style.bold("What to try next"))
        let commands = [
            SuggestedCommand("\(context.command()) up", "start Weir and keep it running"),
            SuggestedCommand("\(context.command()) --help", "everything else"),
        ]
        for line in SuggestedCommand.lines(commands) { console.print(line) }
        console.print()
        console.print("examples/countries.yaml is all that Weir had to know for this; docs/catalogue.md")
        console.print("says how to write one for your own API.")
    }
}
