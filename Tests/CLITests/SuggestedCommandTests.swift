import Testing

@testable import CLI

@Suite("Commands to paste")
struct SuggestedCommandTests {
    @Test(arguments: [
        ("weir", "weir-sample"), (".build/debug/weir", ".build/debug/weir-sample"),
        ("/opt/my weir/weir", "'/opt/my weir/weir-sample'"),
    ])
    func sistersAreCalledAsTheProgramItselfWas(invocation: String, sister: String) {
        #expect(context(invocation).command("weir-sample") == sister)
    }

    @Test func whatUpSuggestsWorksInAnotherTerminal() {
        let running = RunningInstance(
            processID: 1, url: "", busEndpoints: "", busEvents: "", databaseURL: "", apiKeyPath: "", logPaths: [:],
            healthURLs: [:])
        let here = context(".build/debug/weir")
        func commands(_ state: String) -> [String] {
            UpGreeting(context: here, running: running, state: StateDirectory(path: state), apiKey: "").suggestions
                .map(\.command)
        }
        let own = commands("/home/me/.local/state/weir")
        #expect(own[0] == "cd '/my work'")
        #expect(own.contains(".build/debug/weir-sample countries-api --port 4001 &"))
        #expect(!own.contains { $0.hasPrefix("export") })
        #expect(commands("/else where")[1] == "export WEIR_STATE_DIR='/else where'")
    }

    @Test func wordsAboutThemAreCommentsInOneColumn() {
        let lines = SuggestedCommand.lines([
            SuggestedCommand("weir up", "start"), SuggestedCommand("weir submit a --objects x --wait"),
            SuggestedCommand("weir doctor", "look"),
        ])
        #expect(
            lines == ["  weir up      # start", "  weir submit a --objects x --wait", "  weir doctor  # look"])
    }

    @Test(arguments: [("a/b.yaml", "a/b.yaml"), ("it's", #"'it'\''s'"#), ("$x", "'$x'"), ("", "''")])
    func whatAShellWouldReadIsQuoted(word: String, quoted: String) {
        #expect(SuggestedCommand.quoted(word) == quoted)
    }

    private func context(_ invocation: String) -> CommandContext {
        CommandContext(
            environment: ["HOME": "/home/me", "WEIR_STATE_DIR": "/else where"], executablePath: "/x/weir",
            currentDirectory: "/my work", console: Terminal().console, invocation: invocation)
    }
}
