import ArgumentParser
import JSON

/// Looks at everything and says what to do.
struct DoctorCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check that all of Weir is well, and say what to do where it is not.",
        discussion: """
            Looks at what 'weir up' would start on this machine, if it can, the database and its schema, partitions, workers, work that waits too long, \
            runs that failed, webhooks that did not get through, secrets that were missing when they were last needed, the bus, and intake. The \
            exit status is 1 when anything failed; warnings leave it 0.

            Examples:
              weir doctor
              weir doctor --json | jq '.[] | select(.standing != "ok")'
            """)

    @OptionGroup var database: DatabaseOptions
    @OptionGroup var bus: BusOptions
    @OptionGroup var intake: IntakeOptions
    @Option(help: ArgumentHelp("The directory of the migrations.", valueName: "directory")) var migrations: String?
    @Flag(help: "Print JSON for programs.") var json = false

    func run(_ context: CommandContext) async throws {
        let console = context.console
        var findings = ToolCheck(context: context).findings()
        if !json { show(findings, console) }
        let checks: [@Sendable () async -> [Finding]] = [
            { [database, migrations] in
                await DatabaseCheck(context: context, options: database, migrations: migrations).findings()
            },
            { [bus] in await BusCheck(context: context, options: bus).findings() },
            { [intake] in await IntakeCheck(context: context, options: intake).findings() },
            { await ServiceCheck(context: context).findings() },
        ]
        // At once, so that one that waits in vain holds none up; shown in their order.
        let running = checks.map { check in Task { await check() } }
        for check in running {
            let found = await withTaskCancellationHandler {
                await check.value
            } onCancel: {
                for check in running { check.cancel() }
            }
            if !json { show(found, console) }
            findings += found
        }
        if json { console.print(JSONValue.array(findings.map(\.json)).description) }
        let failed = findings.count { $0.standing == .fail }
        let warned = findings.count { $0.standing == .warn }
        if !json {
            console.print(
                failed + warned == 0
                    ? "All is well." : "\(failed) failed, \(warned) \(warned == 1 ? "warning" : "warnings").")
        }
        guard failed == 0 else { throw ExitStatusError(status: .failure) }
    }

    private func show(_ findings: [Finding], _ console: Console) {
        for finding in findings {
            for line in finding.lines(console, subjectWidth: 14) { console.print(line) }
        }
    }
}
