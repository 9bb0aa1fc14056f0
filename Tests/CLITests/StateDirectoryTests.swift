import Glibc
import Testing

@testable import CLI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("State directory")
struct StateDirectoryTests {
    private func locate(_ environment: [String: String], executable: String = "/usr/bin/weir") throws -> String {
        try StateDirectory.locate(environment: environment, executablePath: executable, currentDirectory: "/here").path
    }

    @Test func namedDirectoryGoesBeforeAllElse() throws {
        #expect(try locate(["WEIR_STATE_DIR": "/srv/weir/", "HOME": "/home/a"]) == "/srv/weir")
        #expect(try locate(["WEIR_STATE_DIR": "state/../weir"]) == "/here/weir")
    }

    @Test func cloneOfTheExecutableHasItsOwn() async throws {
        try await withTemporaryState { state in
            for folder in ["Services", ".build/debug"] {
                try FileManager.default.createDirectory(
                    atPath: "\(state.path)/clone/\(folder)", withIntermediateDirectories: true)
            }
            try Data().write(to: URL(filePath: "\(state.path)/clone/Package.swift"))
            let executable = "\(state.path)/clone/.build/debug/weir"
            #expect(try locate(["HOME": "/home/a"], executable: executable) == "\(state.path)/clone/.weir")
        }
    }

    @Test func installedExecutableUsesTheHomeDirectory() throws {
        #expect(try locate(["HOME": "/home/a"]) == "/home/a/.local/state/weir")
        #expect(try locate(["HOME": "/home/a", "XDG_STATE_HOME": "/state"]) == "/state/weir")
        #expect(throws: UpError.self) { try locate([:]) }
    }

    @Test func longPathPutsSocketsUnderTmp() {
        let state = StateDirectory(path: "/" + String(repeating: "long/", count: 20) + "weir")
        #expect(state.socketDirectory.hasPrefix("/tmp/weir-"))
        #expect("\(state.socketDirectory)/pg/.s.PGSQL.5432.lock".utf8.count <= 107)
        #expect(StateDirectory(path: "/srv/weir").socketDirectory == "/srv/weir/run")
    }

    @Test func secondUserOfTheDirectoryIsToldWhoHasIt() async throws {
        try await withTemporaryState { state in
            let lock = try state.acquire()
            let running = RunningInstance(
                processID: getpid(), url: "http://127.0.0.1:1", busEndpoints: "", busEvents: "", databaseURL: "",
                apiKeyPath: "", logPaths: [:], healthURLs: [:])
            try running.write(state)
            #expect(RunningInstance.find(state) == running)
            let error = #expect(throws: UpError.self) { try state.acquire() }
            #expect(error?.problem.contains("process \(getpid()), http://127.0.0.1:1") == true)
            withExtendedLifetime(lock) {}
        }
    }

    @Test func noteOfAnInstanceThatEndedIsNotBelieved() async throws {
        try await withTemporaryState { state in
            do { _ = try state.acquire() }
            try RunningInstance(
                processID: 1, url: "", busEndpoints: "", busEvents: "", databaseURL: "", apiKeyPath: "", logPaths: [:],
                healthURLs: [:]
            ).write(state)
            #expect(RunningInstance.find(state) == nil)
            #expect(RunningInstance.read(state)?.processID == 1)
        }
    }

    @Test func noteIsReadableByItsOwnerOnly() async throws {
        try await withTemporaryState { state in
            try RunningInstance(
                processID: 1, url: "", busEndpoints: "", busEvents: "", databaseURL: "", apiKeyPath: "", logPaths: [:],
                healthURLs: [:]
            ).write(state)
            var information = stat()
            #expect(stat(state.instancePath, &information) == 0)
            #expect(information.st_mode & 0o777 == 0o600)
        }
    }

    @Test func directoryThatOthersCanWriteIsRefused() async throws {
        try await withTemporaryState { state in
            let path = "\(state.path)/open"
            try DirectoryPrivacy.make(path, mode: 0o700)
            chmod(path, 0o777)
            #expect(throws: UpError.self) { try DirectoryPrivacy.make(path, mode: 0o700) }
            // To its maker, it is a directory of somebody else who expects it.
            let other = ServerAccount(name: "other", userID: geteuid() + 1, groupID: getegid())
            let error = #expect(throws: UpError.self) { try DirectoryPrivacy.make(path, mode: 0o700, account: other) }
            #expect(error?.problem.contains("belongs to another account") == true)
            #expect(error?.remedy.contains("Remove") == false)
            symlink("/tmp", "\(state.path)/link")
            #expect(throws: UpError.self) { try DirectoryPrivacy.make("\(state.path)/link", mode: 0o700) }
        }
    }

    @Test func directoryBelowAPrivateOneIsNotTraversable() async throws {
        try await withTemporaryState { state in
            try DirectoryPrivacy.make("\(state.path)/private", mode: 0o700)
            #expect(!DirectoryPrivacy.isTraversableByOthers("\(state.path)/private/inside"))
            #expect(DirectoryPrivacy.isTraversableByOthers("/usr/bin"))
        }
    }

    /// Root's Postgres runs under another account, which has to reach its socket.
    @Test func socketsLeaveADirectoryThatOnlyRootCanPass() async throws {
        try await withTemporaryState { state in
            try DirectoryPrivacy.make("\(state.path)/private", mode: 0o700)
            let inside = StateDirectory(path: "\(state.path)/private/inside")
            #expect(
                inside.socketDirectory == (geteuid() == 0 ? "/tmp/weir-0-\(inside.shortHash)" : "\(inside.path)/run"))
        }
    }
}
