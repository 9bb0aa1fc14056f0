import ArgumentParser
import Runtime

/// The root of all commands.
struct Weir: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir",
        abstract: "Run data activities on objects: start Weir, tell it what to do, look at what it does.",
        discussion: """
            First steps:
              weir demo                              the whole flow on real data
              weir up                                start all of it here; then, elsewhere:
              weir-sample countries-api --port 4001  an API to ask; elsewhere again:
              weir apply -f examples/countries.yaml  declare what there is to do
              weir submit look_up_countries --objects NO,ZM --wait

            Commands find a running Weir through their options, then WEIR_URL, WEIR_API_KEY, WEIR_DATABASE_URL, \
            WEIR_BUS_ENDPOINTS and WEIR_BUS_EVENTS, then 'weir up' of this clone.

            Times are in UTC, as the Z behind them says.

            Exit status: 0 done, 1 the work failed, 2 the command line is wrong, 3 something cannot be reached.
            """,
        version: ServiceVersion.current,
        groupedSubcommands: [
            CommandGroup(name: "Start", subcommands: [UpCommand.self, DemoCommand.self]),
            CommandGroup(
                name: "Set up",
                subcommands: [
                    MigrateCommand.self, ApplyCommand.self, SourceCommand.self, WorkflowCommand.self,
                    WebhookCommand.self, KeyCommand.self,
                    KeysCommand.self,
                ]),
            CommandGroup(
                name: "Work",
                subcommands: [
                    SubmitCommand.self, ListCommand.self, StatusCommand.self, ResultCommand.self, CancelCommand.self,
                    RetryCommand.self, ReplayCommand.self,
                ]),
            CommandGroup(
                name: "Look and care",
                subcommands: [
                    QualityCommand.self, PublishCommand.self, TailCommand.self, TopCommand.self, DoctorCommand.self,
                ]),
        ]
    )
}
