import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// `weir demo` as a process of its own: what a newcomer sees first.
    @Suite("weir demo")
    struct DemoTests {
        /// A record of Debian's list, which the demo's API serves.
        private struct Country {
            let code: String
            let officialName: String?
            /// What stands in its row of the table.
            let cells: [String]

            init(_ record: JSONValue) throws {
                func text(_ member: String) throws -> String { try #require(record[member]?.stringValue) }
                code = try text("alpha_2")
                officialName = record["official_name"]?.stringValue
                cells = try [code, text("name"), officialName ?? "–"] + ["alpha_3", "numeric", "flag"].map(text)
            }

            static func all() throws -> [Country] {
                let list = try Data(contentsOf: URL(filePath: "/usr/share/iso-codes/json/iso_3166-1.json"))
                return try #require(try JSONValue(parsing: Array(list))["3166-1"]?.arrayValue).map(Country.init)
            }
        }

        @Test func itShowsTheWholeFlowOnRealDataAndLeavesNothingBehind() async throws {
            let countries = try Country.all()
            try await withProgram { weir in
                let demo = try await weir.run("demo")
                try #require(demo.status == 0, "\(demo)")
                #expect(demo.errors.contains("· submitting \(countries.count) countries"), "\(demo)")
                #expect(
                    demo.output.contains("the signed result of \(countries.count) countries arrived and verified"))

                let absent = countries.count { $0.officialName == nil }
                #expect(
                    absent > 0 && demo.output.contains("no official name for \(absent) of the countries"), "\(demo)")
                let shown = countries.filter { country in demo.lines.contains { Self.cells($0) == country.cells } }
                #expect(shown.contains { $0.officialName == nil } && shown.contains { $0.officialName != nil })
                #expect(shown.count >= 5, "\(demo)")

                let times = #"(?m)^ *[0-9.]+ m?s +[0-9.]+ m?s +"#
                for step in [
                    "request valid → ready +weir-intake", "runs in_progress → done +\(countries.count) +weir-processor",
                    "request in_progress → done +weir-processor", "request done → delivered +weir-delivery",
                ] {
                    #expect(try demo.output.contains(Regex(times + step)), "no '\(step)' in \(demo)")
                }
                #expect(demo.output.contains("delivery attempt 1 to demo_receiver"))
                let advice = try #require(demo.output.components(separatedBy: "What to try next").last)
                for word in ["weir up", "weir --help", "examples/countries.yaml", "docs/catalogue.md"] {
                    #expect(advice.contains(word), "\(advice)")
                }
                expectNothing(of: weir)
            }
        }

        @Test func endedByCtrlCItLeavesNothingBehind() async throws {
            try await withProgram { weir in
                let demo = try weir.process(["demo"])
                try await demo.start()
                try await eventually("its Postgres running") { demo.errors.contains("· migrating the schema") }
                demo.send(SIGINT)
                #expect(await demo.exitStatus() == 1)
                #expect(demo.errors.contains("Interrupted; everything was stopped and removed"), "\(demo.errors)")
                expectNothing(of: weir)
            }
        }

        private func withProgram(_ body: (WeirProgram) async throws -> Void) async throws {
            try await WeirProgram.with { weir in
                // Postgres' own account passes through when root starts it.
                try FileManager.default.setAttributes([.posixPermissions: 0o711], ofItemAtPath: weir.directory.path)
                do {
                    try await body(weir)
                } catch {
                    for member in ProcessTree.mentioning(weir.directory.path) { kill(member.process, SIGKILL) }
                    throw error
                }
            }
        }

        /// Neither a process nor a file.
        private func expectNothing(of weir: WeirProgram) {
            #expect(ProcessTree.mentioning(weir.directory.path) == [])
            #expect(!FileManager.default.fileExists(atPath: weir.variables["WEIR_STATE_DIR"] ?? ""))
        }

        /// The cells of a row, between which there are two blanks at least.
        private static func cells(_ line: String) -> [String] {
            line.components(separatedBy: "  ").map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
        }
    }
}
