import Glibc
import Testing

@testable import CLI

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

@Suite("Child process", .timeLimit(.minutes(10)))
struct ChildProcessTests {
    @Test func exitStatusIsThatOfTheProgram() async throws {
        let status = try await ChildProcess.run(ChildCommand(executable: "/bin/sh", arguments: ["-c", "exit 7"]))
        #expect(status == .exited(7))
        #expect(!status.isSuccess)
    }

    @Test func endBySignalIsToldApartFromAnExit() async throws {
        let child = try await ChildProcess.start(ChildCommand(executable: "/bin/sleep", arguments: ["60"]))
        #expect(child.isRunning)
        child.send(SIGTERM)
        #expect(await child.exitStatus == .signalled(SIGTERM))
        #expect(!child.isRunning)
    }

    @Test func programThatIgnoresSIGTERMIsKilled() async throws {
        try await withTemporaryState { state in
            let child = try await ChildProcess.start(
                ChildCommand(
                    executable: "/bin/sh", arguments: ["-c", "trap '' TERM; echo ready; while :; do sleep 0.05; done"],
                    outputPath: "\(state.path)/out"))
            try await waitUntil { text(of: "\(state.path)/out") == "ready\n" }
            #expect(await child.stop([(SIGTERM, .milliseconds(200))]) == .signalled(SIGKILL))
        }
    }

    @Test func standardInputOutputAndErrorAreTheNamedFiles() async throws {
        try await withTemporaryState { state in
            try await writeScript("\(state.path)/script", "cat", "echo oops >&2", "echo \"$WEIR_X in $(pwd)\"")
            let command = ChildCommand(
                executable: "\(state.path)/script", environment: ["WEIR_X": "value", "PATH": "/usr/bin:/bin"],
                workingDirectory: "/usr", inputPath: "\(state.path)/script", outputPath: "\(state.path)/out")
            #expect(try await ChildProcess.run(command).isSuccess)
            #expect(text(of: "\(state.path)/out").hasSuffix("oops\nvalue in /usr\n"))
            #expect(text(of: "\(state.path)/out").hasPrefix("#!/bin/sh\ncat\n"))
        }
    }

    @Test func childInheritsNoDescriptorAndNoIgnoredSignal() async throws {
        try await withTemporaryState { state in
            let leaky = open("\(state.path)/leaky", O_RDWR | O_CREAT, 0o600)
            defer { close(leaky) }
            signal(SIGPIPE, SIG_IGN)
            let command = ChildCommand(
                executable: "/bin/sh", arguments: ["-c", "ls -l /proc/$$/fd; grep SigIgn /proc/$$/status"],
                environment: ["PATH": "/usr/bin:/bin"], outputPath: "\(state.path)/out")
            _ = try await ChildProcess.run(command)
            #expect(!text(of: "\(state.path)/out").contains("leaky"))
            let ignored = text(of: "\(state.path)/out").split(separator: "SigIgn:\t").last.flatMap { line in
                UInt64(line.prefix(16), radix: 16)
            }
            #expect(ignored.map { $0 & (1 << (UInt64(SIGPIPE) - 1)) } == 0)
        }
    }

    /// The kernel sends the death signal when the thread that made the child ends, which a test can bring about, unlike the
    /// end of its own process.
    @Test func childDiesWithTheThreadThatMadeIt() async throws {
        let setpriv = try ChildCommand.setprivPath()
        let command = ChildCommand(executable: "/bin/sleep", arguments: ["60"], deathSignal: .interrupt)
        let status = await BlockingThread.run { () -> ChildExit? in
            let result = ThreadResult()
            // The inner thread ends as soon as the child has become its program; this one only waits for the child.
            BlockingThread.start {
                let processID = try? ChildProcess.spawn(command, setpriv: setpriv)
                // Becoming its program is an event of the kernel that only /proc shows.
                while let processID, text(of: "/proc/\(processID)/comm") != "sleep\n" { usleep(1_000) }
                result.set(processID)
            }
            guard let processID = result.wait() else { return nil }
            var word: Int32 = 0
            waitpid(processID, &word, 0)
            return ChildExit(waitStatus: word)
        }
        #expect(status == .signalled(SIGINT))
    }

    @Test func childWhoseParentIsGoneBeforeItBeginsDoesNotBegin() async throws {
        try await withTemporaryState { state in
            let command = ChildCommand(executable: "/bin/touch", arguments: ["\(state.path)/began"])
            // As the words would be if a process that has ended since had started them: number 1 did not.
            let words = command.wrapped(setpriv: try ChildCommand.setprivPath(), parent: 1)
            let status = try await ChildProcess.run(
                ChildCommand(executable: words[0], arguments: Array(words.dropFirst())))
            #expect(status == .exited(1))
            #expect(!FileManager.default.fileExists(atPath: "\(state.path)/began"))
        }
    }

    @Test func missingProgramIsNamed() async throws {
        let error = await #expect(throws: UpError.self) {
            try await ChildProcess.start(ChildCommand(executable: "/no/such/weir-bus"))
        }
        #expect(error?.description.contains("/no/such/weir-bus") == true)
    }
}
