import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// `weir top` beside services that work.
    @Suite("weir top")
    struct TopTests {
        private static func settings(_ platform: Platform) -> [String: String] {
            [
                "WEIR_BUS_ENDPOINTS": platform.busEndpoint, "WEIR_BUS_EVENTS": platform.busEndpoint + "-events",
                "TERM": "xterm",
            ]
        }

        @Test func programsSeeEveryProcessAndWhatIsDone() async throws {
            var options = Platform.Options()
            options.counts = [.executor: 2]
            options.variables[.scheduler] = ["WEIR_MONITOR": "200ms"]
            try await withPlatform(options) { platform in
                let names = (0..<300).map { "object \($0)" }
                let id = try await platform.client.submit(names)
                _ = try await platform.client.wait(for: id, toBe: "delivered")
                try await WeirProgram.with(variables: Self.settings(platform)) { weir in
                    // It sees what reports while it listens, and the scheduler what it has counted.
                    let outcome = try await eventually("every process, and nothing that waits") {
                        let outcome = try await weir.run("top", "--once", "--json")
                        let waiting = outcome.json["stages"]?.arrayValue?.dropFirst().allSatisfy { $0["waiting"] == 0 }
                        let isWhole = outcome.json["processes"]?.arrayValue?.count == 7 && waiting == true
                        return outcome.status == 0 && isWhole ? outcome : nil
                    }
                    let processes = try #require(outcome.json["processes"]?.arrayValue)
                    let services = processes.compactMap { $0["service"]?.stringValue }
                    #expect(
                        services == [
                            "weir-intake", "weir-executor", "weir-executor", "weir-processor", "weir-delivery",
                            "weir-bus", "weir-scheduler",
                        ])
                    #expect(Set(processes.compactMap { $0["process"]?.intValue }).count == services.count)
                    #expect(processes.allSatisfy { ($0["memory_bytes"]?.doubleValue ?? 0) > 1_000_000 })
                    let withPool = processes.filter { $0["service"] != "weir-bus" }
                    #expect(withPool.allSatisfy { ($0["connections_max"]?.intValue ?? 0) >= 3 })
                    let stages = try #require(outcome.json["stages"]?.arrayValue)
                    #expect(
                        stages.compactMap { $0["stage"]?.stringValue } == [
                            "accept", "expand", "call", "process", "collect", "deliver",
                        ])
                    // Nothing waits any more; of what is accepted nothing ever does.
                    #expect(stages.dropFirst().allSatisfy { $0["waiting"] == 0 }, "\(stages)")
                    #expect(stages.allSatisfy { $0["rate"]?.doubleValue != nil })
                    #expect(outcome.json["bus"]?["credit"]?.intValue ?? 0 > 0)
                    let table = try await eventually("every process in the table") {
                        let table = try await weir.run("top", "--once")
                        return table.output.contains("7 processes report") ? table : nil
                    }
                    #expect(table.status == 0 && table.output.contains("STAGE"), "\(table)")
                    #expect(!table.output.contains("\u{1B}"))
                }
            }
        }

        @Test func onATerminalItDrawsUntilItIsEndedAndLeavesTheTerminalAsItWas() async throws {
            var options = Platform.Options()
            options.services = [.bus]
            let platform = try await Platform(options)
            do {
                try await platform.start(.bus)
                try await watch(platform)
            } catch {
                try? await platform.remove()
                throw error
            }
            try await platform.remove()
        }

        private func watch(_ platform: Platform) async throws {
            let terminal = try PseudoTerminal(columns: 100, rows: 30)
            var environment = Self.settings(platform)
            environment["PATH"] = "/usr/bin:/bin"
            environment["WEIR_STATE_DIR"] = "/nonexistent"
            let top = ServiceProcess(
                executable: try Executables.path(of: "weir"), arguments: ["top", "--interval", "100ms"],
                environment: environment, logPath: terminal.path)
            try await top.start()
            try await eventually("the bus in the picture") { terminal.text.contains("1 process reports") }
            #expect(terminal.text.hasPrefix("\u{1B}[?1049h\u{1B}[?25l"))
            #expect(terminal.text.contains("ACCEPT") == false && terminal.text.contains("\u{1B}[1mSTAGE"))
            // Too low for all lines.
            terminal.resize(columns: 60, rows: 8)
            top.send(SIGWINCH)
            try await eventually("a picture of the new size") {
                terminal.text.contains("more lines; make the terminal")
            }
            top.send(SIGINT)
            let status = await top.exitStatus()
            await terminal.close()
            #expect(status == 0)
            #expect(terminal.text.hasSuffix("\u{1B}[?7h\u{1B}[?25h\u{1B}[?1049l"))
        }
    }
}
