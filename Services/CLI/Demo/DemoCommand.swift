import ArgumentParser
import Glibc

/// The whole flow on real data.
struct DemoCommand: WeirCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Run the whole flow on real data: 249 countries, from the request to the signed webhook.",
        discussion: """
            Starts an instance of its own, an HTTP API that serves the ISO 3166 list, and a receiver that verifies the webhook's \
            signature; enriches every country; shows what came out and how long each step took. The exit status is 0 only if the \
            signed result arrived and verified. Nothing is left behind, also after Ctrl-C; if it fails, its logs stay until the \
            next demo.

            Examples:
              weir demo
              weir demo --keep      keep its database, logs and webhooks in .weir/demo
            """)

    @Flag(help: "Keep the state in .weir/demo of this clone.") var keep = false

    func run(_ context: CommandContext) async throws {
        let state = DemoState(parent: try context.stateDirectory(), isKept: keep)
        state.removeAbandoned()
        let logs = DemoLogs(state: state.directory)
        let codes = try CountryCodes.read()
        guard access("\(context.executableDirectory)/weir-sample", X_OK) == 0 else {
            throw CommandError(
                "\(context.executableDirectory) has no weir-sample", remedy: "Build it first (make build)")
        }
        let run = DemoRun(context: context, state: state.directory, codes: codes, isKept: keep, logs: logs)
        defer { if !keep { state.removeEmptyParent() } }
        let isDone: Void?
        do {
            isDone = try await Interruption.untilSignal { try await run.perform() }
        } catch {
            let report = ErrorReport(error)
            context.console.note("\(report.text)\n\(logs.lines(about: report.text).joined(separator: "\n"))")
            throw ExitStatusError(status: report.status == .usage ? .usage : .failure)
        }
        guard isDone != nil else {
            throw CommandError("Interrupted; everything was stopped" + (keep ? "" : " and removed"))
        }
    }
}
