import Foundation

/// Where the executables that belong to this build are.
enum Executables {
    /// The path of one of them: it stands beside the test bundle, in `.build/<triple>/<configuration>`.
    ///
    /// - Throws: ``HarnessError`` when it has not been built.
    static func path(of name: String) throws -> String {
        let candidates = [testBundle, "/proc/self/exe"].compactMap { $0 }.map { path in
            URL(fileURLWithPath: path).resolvingSymlinksInPath().deletingLastPathComponent().appending(path: name).path
        }
        if let found = candidates.first(where: { FileManager.default.isExecutableFile(atPath: $0) }) { return found }
        throw HarnessError(
            "\(name) is not in \(candidates.joined(separator: " nor in ")); build everything first: swift build")
    }

    /// A runner that loads the bundle is told where it is; elsewhere the bundle is the program itself.
    private static var testBundle: String? {
        let arguments = CommandLine.arguments
        guard let option = arguments.firstIndex(of: "--test-bundle-path"), option + 1 < arguments.count else {
            return nil
        }
        return arguments[option + 1]
    }
}
