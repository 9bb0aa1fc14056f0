import ArgumentParser

/// How a command reaches intake.
struct IntakeOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Intake's address.", discussion: "Default: WEIR_URL, then 'weir up' of this clone."))
    var url: String?

    @Option(
        help: ArgumentHelp(
            "The key of your organization.", discussion: "Default: WEIR_API_KEY, then that of 'weir up'."))
    var apiKey: String?
}
