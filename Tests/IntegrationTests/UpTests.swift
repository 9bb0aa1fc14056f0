import Foundation
import JSON
import Testing

extension IntegrationTests {
    /// `weir up` with the real services and a Postgres of its own.
    @Suite("weir up")
    struct UpTests {
        @Test func nothingIsLeftBehindWhenItIsAskedToStop() async throws {
            try await withInstances { instances in
                let instance = try await instances.start()
                let well = try await instances.weir.run("doctor", "--json")
                #expect(well.status == 0, "\(well)")
                let findings = well.json.arrayValue ?? []
                #expect(findings.count { $0["standing"] == "ok" } >= 13, "\(well)")
                #expect(findings.allSatisfy { $0["standing"] != "fail" }, "\(well)")
                let processes = ProcessTree.descendants(of: instance.process)
                #expect(Set(processes.map(\.command)).isSuperset(of: Self.commands), "\(processes)")

                let status = await instance.program.terminate()
                #expect(status == 0, "\(instance.program.errors)")
                #expect(ProcessTree.survivors(of: processes) == [])
                #expect(ProcessTree.mentioning(instances.state) == [])
            }
        }

        @Test func afterAKillTheNextOneStartsCleanlyWithWhatWasThere() async throws {
            try await withInstances { instances in
                let first = try await instances.start()
                let created = try await instances.weir.run(
                    "key", "create", "--org", "demo", "--name", "before the kill")
                #expect(created.status == 0, "\(created)")
                let orphans = ProcessTree.descendants(of: first.process)
                #expect(Set(orphans.map(\.command)).isSuperset(of: Self.commands), "\(orphans)")
                await first.program.kill9()

                // At once: what the killed one has started may be alive still.
                let second = try await instances.start()
                try await eventually("the end of all that the first had started") {
                    ProcessTree.survivors(of: orphans).isEmpty
                }
                let keys = try await instances.weir.run("key", "list", "--json")
                #expect(keys.json.arrayValue?.contains { $0["name"] == "before the kill" } == true, "\(keys)")
                let well = try await instances.weir.run("doctor", "--json")
                #expect(well.status == 0, "\(well)")

                let processes = ProcessTree.descendants(of: second.process)
                let status = await second.program.terminate()
                #expect(status == 0, "\(second.program.errors)")
                #expect(ProcessTree.survivors(of: processes) == [])
                #expect(ProcessTree.mentioning(instances.state) == [])
            }
        }

        /// What the kernel calls them: 15 bytes of each name.
        private static let commands = Set(
            (ServiceName.allCases.map(\.executable) + ["postgres"]).map { String($0.prefix(15)) })

        /// Instances of one state directory, one after the other.
        private struct Instances {
            let weir: WeirProgram
            let state: String

            /// Starts one and returns when it says that it is ready.
            func start() async throws -> (program: ServiceProcess, process: pid_t) {
                let program = try weir.process(["up", "--json", "--state-dir", state])
                try await program.start()
                do {
                    let process = try await eventually("the instance ready") {
                        guard program.isAlive else { throw HarnessError("it has ended") }
                        return (try? JSONValue(parsing: program.log))?["process_id"]?.intValue
                    }
                    return (program, pid_t(process))
                } catch {
                    await program.kill9()
                    throw HarnessError("\(error); it said: \(program.errors)")
                }
            }
        }

        private func withInstances(_ body: (Instances) async throws -> Void) async throws {
            try await WeirProgram.with { weir in
                // Postgres' own account passes through when root starts it.
                try FileManager.default.setAttributes(
                    [.posixPermissions: 0o711], ofItemAtPath: weir.directory.path)
                let state = weir.directory.appending(path: "state").path
                do {
                    try await body(Instances(weir: weir, state: state))
                } catch {
                    for member in ProcessTree.mentioning(state) { kill(member.process, SIGKILL) }
                    throw error
                }
            }
        }
    }
}
