import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// What `docs/tutorial-sources.md` tells newcomers to type.
    @Suite("Tutorial")
    struct TutorialTests {
        @Test func everyCommandRunsAsItStands() async throws {
            let tutorial = try Tutorial()
            try await WeirProgram.with(variables: tutorial.secrets) { weir in
                // Postgres' own account passes through when root starts it.
                try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: weir.directory.path)
                try FileManager.default.createSymbolicLink(
                    atPath: weir.directory.appending(path: "examples").path,
                    withDestinationPath: TestDatabase.packageRoot.appending(path: "examples").path)
                let up = try weir.process(["up", "--json"])
                try await up.start()
                do {
                    try await eventually("the instance ready") {
                        guard up.isAlive else { throw HarnessError("it has ended: \(up.errors)") }
                        return try JSONValue(parsing: up.log)["process_id"] != nil
                    }
                    let outcome = try await run(tutorial, weir)
                    #expect(outcome.status == 0, "\(outcome)")
                    for expected in Self.expected {
                        #expect(outcome.output.contains(expected), "there is no '\(expected)' in \(outcome)")
                    }
                } catch {
                    _ = await up.terminate()
                    throw error
                }
                #expect(await up.terminate() == 0, "\(up.errors)")
            }
        }

        /// What the steps promise.
        private static let expected = [
            #""name":"Corvus Bakery""#, "Corvus Bakery,", "corvus-bakery.example", "HTTP 429", "again in 2.0 s",
            "karla.ivanov@eiche-bakery.example", #""jobs_created":1"#,
        ]

        /// Types all of it into one shell.
        private func run(_ tutorial: Tutorial, _ weir: WeirProgram) async throws -> WeirProgram.Outcome {
            _ = try weir.write(tutorial.catalogue, to: "bakeries.yaml")
            let script = try weir.write(tutorial.script(port: try FreePort.choose()), to: "script")
            let executables = URL(fileURLWithPath: try Executables.path(of: "weir")).deletingLastPathComponent().path
            let shell = ServiceProcess(
                executable: "/bin/bash", arguments: [script],
                environment: weir.variables.merging(["PATH": "\(executables):/usr/bin:/bin"]) { $1 },
                logPath: weir.directory.appending(path: "out").path,
                errorPath: weir.directory.appending(path: "err").path)
            try await shell.start()
            return WeirProgram.Outcome(status: await shell.exitStatus(), output: shell.log, errors: shell.errors)
        }

        /// The blocks of the page, by what they are for.
        private struct Tutorial {
            /// What is exported where Weir is started.
            let secrets: [String: String]
            let catalogue: String
            private let commands: [String]

            init() throws {
                let page = try String(
                    contentsOf: TestDatabase.packageRoot.appending(path: "docs/tutorial-sources.md"), encoding: .utf8)
                var shell = Self.blocks("sh", of: page)
                let start = shell.removeFirst()
                try #require(start.hasSuffix("weir up\n"), "the first commands start Weir")
                secrets = start.split(separator: "\n").filter { $0.hasPrefix("export WEIR_SECRET_") }
                    .flatMap { $0.split(separator: " ").dropFirst() }
                    .reduce(into: [:]) { secrets, pair in
                        let parts = pair.split(separator: "=", maxSplits: 1).map(String.init)
                        secrets[parts[0]] = parts[1]
                    }
                catalogue = try #require(Self.blocks("yaml", of: page).first)
                commands = shell
            }

            /// In the directory of the script, with the stubs at another port, and to the first command that fails.
            func script(port: Int) -> String {
                let head = """
                    set -euo pipefail
                    trap 'kill $(jobs -p)' EXIT
                    cd "$(dirname "$0")"
                    sed -i s/:4003/:\(port)/ bakeries.yaml

                    """
                // The examples are not changed but told where the stubs are.
                let moved = commands.joined().replacing("--port 4003", with: "--port \(port)")
                    .replacing("127.0.0.1:4003", with: "127.0.0.1:\(port)")
                    .replacing(
                        "examples/directory.yaml",
                        with:
                            "examples/directory.yaml --set sources.people_directory.base_url=http://127.0.0.1:\(port)/directory"
                    )
                    .replacing(
                        "examples/batch.yaml",
                        with: "examples/batch.yaml --set sources.profiles.base_url=http://127.0.0.1:\(port)/batch")
                return head + moved
            }

            private static func blocks(_ language: String, of page: String) -> [String] {
                page.components(separatedBy: "```\(language)\n").dropFirst().compactMap {
                    $0.components(separatedBy: "```\n").first
                }
            }
        }
    }
}
