import Glibc
import Testing

@testable import CLI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Embedded cluster", .timeLimit(.minutes(10)))
struct EmbeddedClusterTests {
    private let binaries: PostgresBinaries

    init() throws {
        binaries = try PostgresBinaries.locate(environment: [:])
    }

    /// Runs statements with psql(1) over the cluster's socket and returns what it printed.
    private func query(_ location: ClusterLocation, _ statement: String, in state: StateDirectory) async throws
        -> String
    {
        let outputPath = "\(state.path)/psql-\(UInt64.random(in: 0...UInt64.max))"
        let status = try await ChildProcess.run(
            ChildCommand(
                executable: "\(binaries.directory)/psql",
                arguments: ["-XAtq", "-d", location.databaseURL(), "-c", statement], outputPath: outputPath))
        return status.isSuccess ? text(of: outputPath) : "failed: \(text(of: outputPath))"
    }

    private func start(_ location: ClusterLocation) async throws -> EmbeddedCluster {
        try await EmbeddedCluster.start(location, binaries: binaries, isDurable: false)
    }

    @Test func startsStopsAndKeepsItsData() async throws {
        try await withTemporaryState { state in
            let location = try ClusterLocation(state)
            let first = try await start(location)
            #expect(try await query(location, "CREATE TABLE kept AS SELECT 42 AS answer", in: state) == "")
            await first.stop()
            #expect(await first.exitStatus == .exited(0))
            #expect(PostmasterFile.read(dataDirectory: location.dataDirectory) == nil)

            let second = try await start(location)
            #expect(try await query(location, "SELECT answer FROM kept", in: state) == "42\n")
            #expect(try await query(location, "SHOW listen_addresses", in: state) == "\n")
            #expect(try await query(location, "SHOW synchronous_commit", in: state) == "on\n")
            await second.stop()
        }
    }

    @Test func recoversAfterItsServerWasKilled() async throws {
        try await withTemporaryState { state in
            let location = try ClusterLocation(state)
            let first = try await start(location)
            _ = try await query(location, "CREATE TABLE kept AS SELECT 42 AS answer", in: state)
            kill(first.processID, SIGKILL)
            #expect(await first.exitStatus == .signalled(SIGKILL))

            let second = try await start(location)
            #expect(try await query(location, "SELECT answer FROM kept", in: state) == "42\n")
            await second.stop()
        }
    }

    @Test func stopsAServerThatOutlivedItsParentAndTakesItsPlace() async throws {
        try await withTemporaryState { state in
            let location = try ClusterLocation(state)
            let survivor = try await start(location)
            let successor = try await start(location)
            #expect(await survivor.exitStatus == .exited(0))
            #expect(try await query(location, "SELECT 1", in: state) == "1\n")
            await successor.stop()
        }
    }

    @Test func startsOverAProcessFileWhoseNumberBelongsToAnotherProcess() async throws {
        try await withTemporaryState { state in
            let location = try ClusterLocation(state)
            await (try start(location)).stop()
            // The number of this very process, which is alive and no server.
            let stale = "\(getpid())\n\(location.dataDirectory)\n1\n5432\n\(location.socketDirectory)\n\n\nready   \n"
            try Data(stale.utf8).write(to: URL(filePath: PostmasterFile.path(dataDirectory: location.dataDirectory)))
            let cluster = try await start(location)
            #expect(try await query(location, "SELECT 1", in: state) == "1\n")
            await cluster.stop()
        }
    }

    @Test func interruptedFirstStartIsMadeAnew() async throws {
        try await withTemporaryState { state in
            let location = try ClusterLocation(state)
            try DirectoryPrivacy.make(location.directory, mode: 0o700, account: location.account)
            try DirectoryPrivacy.make("\(location.directory)/data.new", mode: 0o700, account: location.account)
            try Data("half".utf8).write(to: URL(filePath: "\(location.directory)/data.new/half"))
            let cluster = try await start(location)
            #expect(try await query(location, "SELECT 1", in: state) == "1\n")
            await cluster.stop()
        }
    }

    @Test func clusterOfAnotherVersionIsRefusedByName() async throws {
        try await withTemporaryState { state in
            let location = try ClusterLocation(state)
            try DirectoryPrivacy.make(location.directory, mode: 0o700, account: location.account)
            try DirectoryPrivacy.make(location.dataDirectory, mode: 0o700, account: location.account)
            try Data("9\n".utf8).write(to: URL(filePath: "\(location.dataDirectory)/PG_VERSION"))
            let error = await #expect(throws: UpError.self) { try await start(location) }
            #expect(error?.problem.contains("was made by Postgres 9") == true)
        }
    }

    @Test func twoClustersRunBesideEachOther() async throws {
        try await withTemporaryState { first in
            try await withTemporaryState { second in
                let locations = (try ClusterLocation(first), try ClusterLocation(second))
                async let left = start(locations.0)
                async let right = start(locations.1)
                let clusters = try await (left, right)
                #expect(try await query(locations.0, "SELECT 'left'", in: first) == "left\n")
                #expect(try await query(locations.1, "SELECT 'right'", in: second) == "right\n")
                await clusters.0.stop()
                await clusters.1.stop()
            }
        }
    }

    @Test func settingThatPostgresRefusesIsQuotedFromItsLog() async throws {
        try await withTemporaryState { state in
            let location = try ClusterLocation(state)
            let error = await #expect(throws: UpError.self) {
                try await EmbeddedCluster.start(
                    location, binaries: binaries, settings: ["shared_buffers": "many"], isDurable: false)
            }
            #expect(error?.problem.contains("shared_buffers") == true)
        }
    }
}
