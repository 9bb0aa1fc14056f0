import Glibc
import Synchronization
import Testing

@testable import CLI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Starts and stops whole instances, with a real Postgres and stand-ins for the services: real processes that answer `/readyz`.
@Suite("Instance", .timeLimit(.minutes(10)))
struct UpInstanceTests {
    private static let services = ["bus", "intake", "executor", "processor", "delivery", "scheduler"].map {
        "weir-\($0)"
    }

    /// Debian's perl-base, which is always there, is enough for a server that answers every request with 200.
    private func writeServices(_ directory: String) async throws {
        for name in Self.services {
            try await writeScript(
                "\(directory)/\(name)",
                "echo \"$0 on $WEIR_HEALTH_PORT, database $WEIR_DATABASE_URL\"",
                #"""
                exec perl -MIO::Socket::INET -e '
                    my $server = IO::Socket::INET->new(
                        LocalAddr => "127.0.0.1", LocalPort => $ENV{WEIR_HEALTH_PORT}, Listen => 5, ReuseAddr => 1) or die "$!";
                    while (my $client = $server->accept) {
                        my $line = <$client>;
                        print $client "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
                        close $client;
                    }'
                """#)
        }
    }

    /// Somebody else who listens on a port.
    private struct ListeningHolder {
        private let descriptor: Int32
        let port: Int

        /// Any port that is free when there is none given.
        init(port: Int = 0) throws {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            // The port may remember connections of the service that has just ended there.
            var reuses: Int32 = 1
            setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &reuses, socklen_t(MemoryLayout<Int32>.size))
            var address = LoopbackAddress.make(port: port)
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isBound = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(descriptor, $0, length) == 0 && getsockname(descriptor, $0, &length) == 0
                }
            }
            self.descriptor = descriptor
            self.port = Int(UInt16(bigEndian: address.sin_port))
            try #require(isBound && listen(descriptor, 1) == 0)
        }

        func end() { close(descriptor) }
    }

    private func options(_ state: StateDirectory) async throws -> UpOptions {
        let executables = "\(state.path)/bin"
        try FileManager.default.createDirectory(atPath: executables, withIntermediateDirectories: true)
        try await writeServices(executables)
        return UpOptions(
            state: state, executables: executables, environment: ["PATH": "/usr/bin:/bin"],
            clusterSettings: ["fsync": "off"])
    }

    @Test func everythingRunsInsideAndNothingAfterwards() async throws {
        try await withTemporaryState { state in
            let progress = Mutex<[UpProgress]>([])
            let processIDs = try await UpInstance.withRunning(try await options(state)) { databaseURL in
                #expect(databaseURL.hasPrefix("postgresql://weir@/weir?host="))
            } onProgress: { step in
                progress.withLock { $0.append(step) }
            } body: { instance in
                #expect(RunningInstance.find(state) == instance.running)
                var processIDs = [instance.cluster.processID]
                for name in Self.services { processIDs.append(try #require(await instance.supervisor.processID(name))) }
                return processIDs
            }
            #expect(processIDs.count == 7)
            for processID in processIDs { #expect(kill(processID, 0) == -1 && errno == ESRCH) }
            #expect(RunningInstance.read(state) == nil)
            let steps = progress.withLock { $0 }.filter { if case .service = $0 { false } else { true } }
            #expect(
                steps == [.startingDatabase(isNew: true), .migrating, .startingServices, .ready, .stopping, .stopped])
        }
    }

    @Test func portStaysFromStartToStartAndStepsAsideWhenItIsInUse() async throws {
        try await withTemporaryState { state in
            let options = try await options(state)
            let told = Mutex<[UpProgress]>([])
            func start() async throws -> String {
                try await UpInstance.withRunning(options, migrate: { _ in }) { step in
                    if case .portInUse = step { told.withLock { $0.append(step) } }
                } body: { instance in
                    instance.running.url
                }
            }
            let chosen = try await start()
            #expect(try #require(RememberedPort.read(state)).description == chosen.split(separator: ":").last ?? "")

            // Between the starts the port is free for every other test; none of them chooses one as low as this.
            let port = try #require((5_000..<10_000).shuffled().first(where: FreePorts.isFree))
            try RememberedPort.write(port, state)
            let first = try await start()
            #expect(first.hasSuffix(":\(port)"))
            #expect(told.withLock { $0 } == [])

            let holder = try ListeningHolder(port: port)
            let second = try await start()
            #expect(second != first)
            let instead = try #require(second.split(separator: ":").last.flatMap { Int($0) })
            #expect(told.withLock { $0 } == [.portInUse(port, instead: instead)])
            holder.end()
            #expect(try await start() == first)
        }
    }

    @Test func aPortThatWasAskedForAndIsTakenIsRefusedBeforeADatabaseIsMade() async throws {
        try await withTemporaryState { state in
            let holder = try ListeningHolder()
            defer { holder.end() }
            var options = try await options(state)
            options.httpPort = holder.port
            let error = await #expect(throws: UpError.self) {
                try await UpInstance.withRunning(options, migrate: { _ in }, onProgress: { _ in }, body: { _ in })
            }
            #expect(error == FreePorts.inUse(holder.port))
            #expect(access(try ClusterLocation(state).directory, F_OK) != 0)
        }
    }

    @Test func secondInstanceInTheSameStateIsRefusedWhileTheFirstGoesOn() async throws {
        try await withTemporaryState { state in
            let options = try await options(state)
            try await UpInstance.withRunning(options, migrate: { _ in }, onProgress: { _ in }) { instance in
                let error = await #expect(throws: UpError.self) {
                    try await UpInstance.withRunning(options, migrate: { _ in }, onProgress: { _ in }, body: { _ in })
                }
                #expect(error?.problem.contains(instance.running.url) == true)
                #expect(await ReadinessProbe.ask(port: instance.plan.bus.healthPort) == .ready)
            }
        }
    }

    @Test(arguments: [true, false])
    func anEphemeralInstanceLeavesItsLogsIfItFailed(isFailure: Bool) async throws {
        struct Broken: Error {}
        try await withTemporaryState { parent in
            let state = StateDirectory(path: "\(parent.path)/inside")
            var options = try await options(parent)
            options.state = state
            options.isEphemeral = true
            let location = try ClusterLocation(state)
            try? await UpInstance.withRunning(options, migrate: { _ in }, onProgress: { _ in }) { _ in
                if isFailure { throw Broken() }
            }
            #expect((access(location.logPath, F_OK) == 0) == isFailure)
            #expect((access("\(state.logDirectory)/weir-bus.log", F_OK) == 0) == isFailure)
            #expect(access(location.dataDirectory, F_OK) != 0)
        }
    }

    @Test func serviceThatDoesNotStartIsNamedWithItsLastWords() async throws {
        try await withTemporaryState { state in
            let options = try await options(state)
            try await writeScript(
                "\(options.executables)/weir-executor", "echo 'weir-executor: WEIR_X is not set.' >&2", "exit 1")
            let error = await #expect(throws: UpError.self) {
                try await UpInstance.withRunning(options, migrate: { _ in }, onProgress: { _ in }, body: { _ in })
            }
            #expect(error?.problem == "weir-executor did not start (exit status 1): weir-executor: WEIR_X is not set.")
            #expect(!FileLock.isHeld(path: state.lockPath))
        }
    }

    @Test func cancellationStopsEverything() async throws {
        try await withTemporaryState { state in
            let options = try await options(state)
            let (isUp, continuation) = AsyncStream.makeStream(of: Int32.self)
            let work = Task {
                try await UpInstance.withRunning(options, migrate: { _ in }, onProgress: { _ in }) { instance in
                    continuation.yield(instance.cluster.processID)
                    try await Task.sleep(for: .seconds(3_600))
                }
            }
            var iterator = isUp.makeAsyncIterator()
            let processID = try #require(await iterator.next())
            work.cancel()
            await #expect(throws: CancellationError.self) { try await work.value }
            #expect(kill(processID, 0) == -1 && errno == ESRCH)
        }
    }

    @Test func failedMigrationStopsTheDatabase() async throws {
        struct Broken: Error {}
        try await withTemporaryState { state in
            let options = try await options(state)
            await #expect(throws: Broken.self) {
                try await UpInstance.withRunning(
                    options, migrate: { _ in throw Broken() }, onProgress: { _ in }, body: { _ in })
            }
            #expect(PostmasterFile.read(dataDirectory: try ClusterLocation(state).dataDirectory) == nil)
        }
    }

    @Test(arguments: [
        ("HTTP/1.1 200 OK\r\n\r\n{}", ReadinessProbe.Answer.ready),
        (
            "HTTP/1.1 503 Service Unavailable\r\nA: b\r\n\r\n{\"status\":\"unready\"}\n",
            .notReady("{\"status\":\"unready\"}")
        ),
        ("garbage", .unreachable), ("", .unreachable),
    ])
    func readinessAnswerIsReadFromTheStatusLine(answer: String, expected: ReadinessProbe.Answer) {
        #expect(ReadinessProbe.interpret(answer) == expected)
    }
}
