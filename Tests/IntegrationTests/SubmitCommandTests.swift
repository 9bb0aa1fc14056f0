import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// `weir submit --wait` as a person sees it, and what the request's own commands show then.
    @Suite("weir submit")
    struct SubmitCommandTests {
        @Test func onATerminalABarGrowsUntilAllRunsHaveEnded() async throws {
            try await withPlatform { platform in
                platform.api.gate.close(after: 3)
                platform.api.script("Ebel", [.status(404)])
                let names = "Abel,Bebel,Cebel,Debel,Ebel,Febel,Gebel,Hebel,Iebel,Jebel"
                let variables = [
                    "PATH": "/usr/bin:/bin", "WEIR_STATE_DIR": "/nonexistent", "TERM": "xterm",
                    "WEIR_URL": platform.publicURL, "WEIR_API_KEY": platform.client.key ?? "",
                ]
                let terminal = try PseudoTerminal(columns: 150, rows: 40)
                let submit = ServiceProcess(
                    executable: try Executables.path(of: "weir"),
                    arguments: ["submit", "enrich", "--objects", names, "--wait"], environment: variables,
                    logPath: terminal.path)
                try await submit.start()
                let bar = String(repeating: "█", count: 9) + String(repeating: "░", count: 21) + " 3/10 runs"
                try await eventually("the bar at three of ten") { terminal.text.contains(bar) }
                platform.api.gate.open()
                let status = await submit.exitStatus()
                await terminal.close()
                #expect(status == 0, "\(terminal.text)")
                // The bar is gone, and what came out stands there.
                let words = try #require(terminal.text.components(separatedBy: "\r\u{1B}[K").last)
                #expect(words.contains("partial") && words.contains("http_404") && !words.contains("█"), "\(words)")

                try await WeirProgram.with(variables: variables) { weir in
                    let listed = try await weir.run("list", "--json")
                    let id = try #require(listed.json[0]?["id"]?.stringValue, "\(listed)")
                    _ = try await platform.client.wait(for: id, toBe: "delivered")
                    let timeline = try await weir.run("status", id, "--timeline")
                    #expect(timeline.status == 0 && timeline.output.contains("request done → delivered"), "\(timeline)")
                    #expect(timeline.output.contains("does not know this object"), "\(timeline)")
                    let result = try await weir.run("result", id)
                    #expect(result.lines.first?.hasPrefix("OBJECT") == true, "\(result)")
                    #expect(result.lines.contains { $0.hasPrefix("Abel") && $0.contains("Abel GmbH") }, "\(result)")
                    #expect(result.lines.contains { $0.hasPrefix("Ebel") && $0.contains("failed: ") }, "\(result)")
                }
            }
        }
    }
}
