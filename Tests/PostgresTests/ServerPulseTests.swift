import Dispatch
import TestServers
import Testing

@testable import Postgres

/// Whether a server answers at all.
@Suite("The question whether a server answers", .timeLimit(.minutes(2))) struct ServerPulseTests {
    private func pulse(timeout: Duration = .seconds(2)) throws -> ServerPulse {
        // Servers are named when they are asked for; these do not exist.
        let configuration = PostgresPool.Configuration(
            connectionString: "postgresql://weir@one.invalid,two.invalid/weir?sslmode=disable")
        return ServerPulse(try ConnectionParameters(configuration), timeout: timeout)
    }

    private func address(_ port: UInt16) -> ServerAddress {
        ServerAddress(host: nil, address: "127.0.0.1", port: String(port))
    }

    @Test func manySessionsAskOneQuestion() async throws {
        // Takes connections and what is sent, and says nothing until the client goes away.
        let server = try RawServer { _ = $0.readRequest() }
        let pulse = try pulse()
        let silent = await withTaskGroup(of: Bool.self) { group in
            let together = DispatchSemaphore(value: 0)
            for _ in 0..<8 {
                group.addTask {
                    await withCheckedContinuation { continuation in
                        // Threads of their own: the question blocks.
                        DispatchQueue(label: "session").async {
                            together.wait()
                            continuation.resume(returning: pulse.isSilent(address(server.port), age: .zero))
                        }
                    }
                }
            }
            for _ in 0..<8 { together.signal() }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(silent == Array(repeating: true, count: 8))
        // Whoever begins after the end of a question asks anew, which takes seconds to happen here.
        #expect(server.connectionsAccepted <= 2)
        await server.stop()
    }

    @Test func whoeverRefusesOrBreaksOffIsNotSilent() async throws {
        let server = try RawServer { _ in }
        let port = server.port
        #expect(try !pulse().isSilent(address(port), age: .zero))
        await server.stop()
        #expect(try !pulse().isSilent(address(port), age: .zero))
    }

    @Test func anAnswerCountsForAWhileAndSilenceNever() async throws {
        let server = try RawServer { connection in
            while connection.readRequest() != nil {}
        }
        let pulse = try pulse()
        #expect(pulse.isSilent(address(server.port), age: .seconds(3600)))
        #expect(pulse.isSilent(address(server.port), age: .seconds(3600)))
        #expect(server.connectionsAccepted == 2)
        await server.stop()
        let other = try RawServer { _ in }
        #expect(!pulse.isSilent(address(other.port), age: .seconds(3600)))
        #expect(!pulse.isSilent(address(other.port), age: .seconds(3600)))
        #expect(other.connectionsAccepted == 1)
        await other.stop()
    }
}
