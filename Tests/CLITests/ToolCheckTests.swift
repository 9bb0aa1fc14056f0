import Testing

@testable import CLI

@Suite("What the doctor says of this machine's tools")
struct ToolCheckTests {
    private func findings(executable: String) -> [Finding] {
        let context = CommandContext(
            environment: [:], executablePath: executable, currentDirectory: "/", console: Terminal().console)
        return ToolCheck(context: context).findings()
    }

    @Test func whereTheCommandStandsAloneNothingIsMissing() async throws {
        try await withTemporaryState { state in
            let found = findings(executable: "\(state.path)/weir")
            #expect(found.map(\.subject) == ["tools"] && found.map(\.standing) == [.ok])
            #expect(found.first?.text.contains("'weir up'") == true)
        }
    }

    @Test func whereServicesStandBesideItThoseThatAreMissingAreNamed() async throws {
        try await withTemporaryState { state in
            try await writeScript("\(state.path)/weir-bus", "exit 0")
            let found = findings(executable: "\(state.path)/weir")
            #expect(Set(found.map(\.subject)).isSuperset(of: ["postgres", "setpriv", "executables", "iso-codes"]))
            let executables = found.first { $0.subject == "executables" }
            #expect(executables?.standing == .warn)
            #expect(
                executables?.text
                    == "not beside weir: weir-intake, weir-executor, weir-processor, weir-delivery, weir-scheduler")
        }
    }
}
