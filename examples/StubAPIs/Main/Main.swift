import ArgumentParser
import Foundation
import StubAPIs

/// The APIs that the catalogues of this folder ask.
@main
struct WeirStubAPIs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "weir-stub-apis",
        abstract: "Five APIs of different styles, for the catalogues in examples/ and for tests."
    )

    @Option(help: "Port on 127.0.0.1; 0 takes a free one.")
    var port = 0

    func run() async throws {
        try await StubAPIServer(port: port).run { port in
            // One line for programs: where it is.
            let line = #"{"service":"stub-apis","port":\#(port),"url":"http://127.0.0.1:\#(port)"}"# + "\n"
            FileHandle.standardOutput.write(Data(line.utf8))
        }
    }
}
