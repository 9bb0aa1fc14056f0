import ArgumentParser
import Contracts
import Testing

@testable import CLI

@Suite("The command line")
struct CommandLineTests {
    @Test func withoutArgumentsItExplainsItself() async {
        let outcome = await Terminal.run([])
        #expect(outcome.status == .success)
        #expect(outcome.output.contains("weir demo"))
    }

    /// All that there are, as one types them.
    private static let commands = commands(below: Weir.self, at: [])

    private static func commands(below command: any ParsableCommand.Type, at path: [String]) -> [[String]] {
        command.configuration.subcommands.flatMap { subcommand in
            let path = path + [CommandSpelling.name(of: subcommand)]
            return [path] + commands(below: subcommand, at: path)
        }
    }

    @Test(arguments: commands)
    func everyCommandHasHelp(_ command: [String]) async {
        let outcome = await Terminal.run(command + ["--help"])
        #expect(outcome.status == .success)
        #expect(outcome.output.contains("USAGE: weir \(command.joined(separator: " "))"))
    }

    /// By its own help, or by that of the group that it belongs to.
    @Test(arguments: commands)
    func helpTeachesByExample(_ command: [String]) async {
        var helps = [await Terminal.run(command + ["--help"]).output]
        if command.count > 1 { helps.append(await Terminal.run(command.dropLast() + ["--help"]).output) }
        let line = "\n  weir \(command.joined(separator: " "))"
        #expect(helps.contains { $0.contains("Example") && $0.contains(line) }, "there is no example of \(command)")
    }

    @Test(
        arguments: [
            (["sumbit"], "did you mean 'weir submit'?"),
            (["migrate", "stauts"], "did you mean 'weir migrate status'?"),
            (["key", "craete"], "did you mean 'weir key create'?"),
            (["help", "nosuch"], "weir has no command 'nosuch'"), (["help", "sumbit"], "did you mean 'weir submit'?"),
            (["help", "workflow", "nosuch"], "weir workflow has no command 'nosuch'"),
            (["frobnicate"], "weir has no command 'frobnicate'"),
            (["submit", "a", "--objcts", "DE"], "--objects"), (["submit"], "the key of an activity, or --workflow"),
            (["submit", "a", "--workflow", "w"], "Say what to do"),
            (["workflow", "plna"], "did you mean 'weir workflow plan'?"),
            (["workflow", "plan", "missing.yaml"], "missing.yaml cannot be read"),
            (["workflow", "plan", "w", "--workflow", "v"], "--workflow goes with a file"),
            (["workflow", "plan", "w", "--set", "a=b"], "--set goes with a file"),
            (["workflow", "plan", "w.yaml", "--set", "nonsense"], "--set takes PATH=VALUE"),
            (["workflow", "plan", "w.yaml", "--objects", "0"], "--objects takes 1 to 100000"),
            (["list", "--workflows", "--activity", "a"], "leave --workflows and --workflow out"),
            (["list", "--workflow", "A b"], "is no key of a workflow"),
            (["submit", "a", "--input", "query"], "--input takes NAME=VALUE"),
            (["submit", "a", "--input", "q=1", "--input", "q=2"], "--input gives 'q' twice"),
            (["submit", "a", "--objects", "DE", "--file", "f.csv"], "either --objects"),
            (["submit", "a", "--objects", "DE,"], "--objects has an empty name"),
            (["submit", "a", "--objects", "DE", "--column", "x"], "--column"),
            (["submit", "a", "--objects", "DE", "--no-header"], "are about --file"),
            (["submit", "a", "--file", "missing.ndjson", "--header"], "--header and --no-header are for CSV"),
            (["submit", "a", "--file", "missing.csv"], "missing.csv cannot be read"),
            (["submit", "a", "--file", "x.xlsx"], "Name it .csv or .ndjson"),
            (["webhook", "secret", "create", "crm", "--kind", "x"], "take whsec or whsk"),
            (["webhook", "secret", "rotate", "crm", "--kind", "x"], "take whsec or whsk"),
            (["webhook", "secret", "rotaet", "crm"], "did you mean 'weir webhook secret rotate'?"),
            (["webhook", "deliveries", "crm", "--state", "done"], "no state of a delivery"),
            (["webhook", "recover", "crm", "--since", "soon"], "neither how long ago nor a moment"),
            (["retry"], "Say which runs"), (["retry", "x", "--since", "1h"], "Say which runs"),
            (["retry", "x", "--state", "done"], "take failed, timedout or invalid"),
            (["retry", "--since", "soon"], "write 30m, 1h, 7d"),
            (["retry", "x", "--until", "y"], "--until goes with --since"),
            (["replay"], "Missing expected argument '<request>'"),
            (["replay", "x", "--mapping", "missing.yaml"], "missing.yaml cannot be read"),
            (["replay", "x", "--set", "a=b"], "--set goes with --mapping"),
            (["replay", "x", "--org", "a"], "--org goes with --mapping"),
            (["apply"], "--file"), (["apply", "-f", "missing.yaml"], "missing.yaml cannot be read"),
            (["apply", "-f", "x", "--set", "nonsense"], "--set takes PATH=VALUE"),
            (["source", "tset"], "did you mean 'weir source test'?"),
            (["source", "test", "a", "--step", "fetch"], "run, status, delivery, abort, cleanup, lookup"),
            (["source", "test", "a", "--set", "b=c"], "--set goes with -f"),
            (["source", "test", "a", "--object", "b", "--objects", "c"], "either --object or --objects"),
            (["source", "test", "a", "--wait", "soon"], "--wait takes 30s"),
            (["source", "test", "a", "--answer", "b", "--step", "run"], "leave --step out"),
            (["source", "test", "a", "-f", "missing.yaml"], "missing.yaml cannot be read"),
            (["up", "--port", "70000"], "--port takes 1 to 65535"),
            (["up", "--port", "many"], "many"), (["result", "x", "--format", "xml"], "xml"),
            (["result", "x", "--limit", "-1"], "--limit"),
            (["migrate", "down", "--to", "-1"], "--to"), (["publish", "a.b"], "--data JSON, --file PATH"),
            (["publish", "a.b", "--data", "{}"], "dev.weir.request.completed.v1"),
            (["publish", "dev.weir.run.raedy.v1", "--data", "{}"], "did you mean 'dev.weir.run.ready.v1'?"),
            (["publish", "dev.weir.run.ready.v1", "--data", "{}", "--key", "acme"], "ORG/SOURCE"),
            (["publish", "dev.weir.runs.closed.v1", "--data", "{}"], "--key: must be the id of a request"),
            (["publish", "dev.weir.answer.recorded.v1", "--data", "[1]"], "a hint carries no data"),
            (
                [
                    "publish", "dev.weir.activity.requested.v1", "--api-key", "k", "--data",
                    #"{"activity":"a","objects":["x","x"],"y":1}"#,
                ], "$.objects[1]: is the same name as $.objects[0]"
            ),
            (["publish", "dev.weir.activity.requested.v1", "--api-key", "k", "--data", "[]"], "must be an object"),
            (["publish", "a.b", "--unchecked", "--data", "{"], "--data is not JSON"),
            (["publish", "a.b", "--data", "{}", "--count", "0"], "--count"),
            (["publish", "a.b", "--data", "{}", "--rate", "0"], "--rate"), (["tail", "--count", "0"], "--count"),
            (["submit", "a", "--objects", "DE", "--url", "ftp://x"], "http:// or https://"),
            (["list", "--url", "http://x", "--api-key", ""], "--api-key is empty"),
            (["keys", "show"], "'weir keys create' makes them"),
            (["keys", "revoke", "x"], "'weir keys create' makes them"),
            (["key", "list", "--database-url", "nonsense"], "Check --database-url or WEIR_DATABASE_URL"),
            (["tail", "--bus", "tcp://127.0.0.1:1"], "Check --bus and --events"),
        ] as [([String], String)])
    func mistakesAreUsageErrorsThatSayWhatToDo(_ arguments: [String], _ words: String) async {
        let outcome = await Terminal.run(arguments)
        #expect(outcome.status == .usage)
        #expect(outcome.error.contains(words), "\(outcome.error)")
        #expect(outcome.output.isEmpty)
    }

    @Test(arguments: [
        ["submit", "a", "--objects", "DE"], ["status", "x"], ["migrate", "status"], ["tail"], ["key", "list"],
        ["source", "test", "a"], ["workflow", "plan", "w"], ["workflow", "list"], ["submit", "--workflow", "w"],
        ["publish", "dev.weir.answer.recorded.v1", "--data", "{}"], ["publish", "a.b", "--data", "[1]", "--unchecked"],
        ["publish", "dev.weir.runs.closed.v1", "--key", "01a1fd94-25de-7789-97be-1273177f0077", "--data", "{}"],
    ])
    func withoutARunningWeirCommandsSayHowToStartOne(_ arguments: [String]) async {
        let outcome = await Terminal.run(arguments)
        #expect(outcome.status == .unreachable)
        #expect(outcome.error.contains("weir up"))
    }

    @Test func theDoctorSaysHowToStartAWeirWhereNoneRuns() async {
        let outcome = await Terminal.run(["doctor"])
        #expect(outcome.status == .failure)
        #expect(outcome.output.ranges(of: "Start one with 'weir up'").count == 3, "\(outcome.output)")
        #expect(!outcome.output.contains("Start weir-bus"), "\(outcome.output)")
        #expect(outcome.output.contains("3 failed"))
    }

    @Test(arguments: [["submit", "a", "--objects", "DE"], ["result", "x"], ["webhook", "test", "x"]])
    func anAddressWhereNobodyListensIsUnreachable(_ arguments: [String]) async throws {
        let outcome = await Terminal.run(
            arguments, environment: ["WEIR_URL": "http://127.0.0.1:1", "WEIR_API_KEY": "weir_x"])
        #expect(outcome.status == .unreachable)
        #expect(outcome.error.contains("127.0.0.1"))
        #expect(outcome.error.contains("weir doctor"))
        // A connection that never stood is not waited for.
        #expect(!outcome.error.contains("going on"))
    }

    @Test func aKeyIsAskedForWhenThereIsNone() async {
        let outcome = await Terminal.run(["status", "x"], environment: ["WEIR_URL": "http://127.0.0.1:1"])
        #expect(outcome.status == .usage)
        #expect(outcome.error.contains("weir key create"))
    }

    @Test func nearestWordsAreFoundAndDistantOnesAreNot() {
        let known = ["submit", "status", "result"]
        #expect(NearestWord.find("sbmit", among: known) == "submit")
        #expect(NearestWord.find("stauts", among: known) == "status")
        #expect(NearestWord.find("RESULT", among: known) == "result")
        #expect(NearestWord.find("xyz", among: known) == nil)
        #expect(NearestWord.find("x", among: []) == nil)
    }
}
