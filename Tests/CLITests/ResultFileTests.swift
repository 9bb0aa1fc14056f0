import Foundation
import Testing

@testable import CLI

/// Files that results are fetched into.
@Suite("Files of results")
struct ResultFileTests {
    private func withDirectory(_ body: (String) throws -> Void) throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: false)
        defer { try? FileManager.default.removeItem(at: directory) }
        try body(directory.appending(path: "result.ndjson").path)
    }

    private func text(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    @Test func anUnfinishedFileIsCompletedAndThenStandsInItsPlace() throws {
        try withDirectory { path in
            try "of before".write(toFile: path, atomically: false, encoding: .utf8)
            try ResultFile(path, tag: "\"1-ndjson\"").append(Array("one,".utf8))
            #expect(try text(path) == "of before")
            let file = try ResultFile(path, tag: "\"1-ndjson\"")
            #expect(file.size == 4 && file.partPath == path + ".1-ndjson.part")
            try file.append(Array("two".utf8))
            try file.finish()
            #expect(try text(path) == "one,two" && !FileManager.default.fileExists(atPath: file.partPath))
        }
    }

    @Test func whatIsLeftOfAnotherResultIsNoBeginningOfThisOne() throws {
        try withDirectory { path in
            try ResultFile(path, tag: "\"1-ndjson\"").append(Array("old".utf8))
            let file = try ResultFile(path, tag: "\"2-ndjson\"")
            #expect(file.size == 0)
        }
    }

    @Test func aTagCannotLeadElsewhere() throws {
        try withDirectory { path in
            let file = try ResultFile(path, tag: "\"../../etc/x\"")
            #expect(file.partPath == path + ".etcx.part")
        }
    }

    @Test func anotherFormIsMadeOfIt() throws {
        try withDirectory { path in
            let file = try ResultFile(path, tag: "\"1-ndjson\"")
            try file.append(Array("abc".utf8))
            try file.finish { read, write in
                while case let bytes = try read(), !bytes.isEmpty { try write(bytes.reversed()) }
            }
            #expect(try text(path) == "cba" && !FileManager.default.fileExists(atPath: file.partPath))
        }
    }

    @Test func aDirectoryThatIsNotThereIsSaid() throws {
        let error = #expect(throws: CommandError.self) {
            _ = try ResultFile("/nonexistent/weir/result.ndjson", tag: "\"1\"")
        }
        #expect(error?.description.contains("/nonexistent/weir/result.ndjson.1.part: No such file") == true)
    }

    @Test(arguments: [
        (0, "0 bytes"), (1, "1 byte"), (1023, "1023 bytes"), (1024, "1 KiB"), (1025, "2 KiB"),
        ((1 << 20) - 1, "1024 KiB"), (1 << 20, "1.0 MiB"),
        (13_107_200, "12.5 MiB"), (1 << 40, "1048576.0 MiB"),
    ])
    func sizesAreSaidInUnitsThatOneReads(_ bytes: Int, text: String) {
        #expect(ResultDownload.size(bytes) == text)
    }
}
