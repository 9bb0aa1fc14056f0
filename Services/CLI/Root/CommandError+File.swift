#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

extension CommandError {
    /// A file that was named cannot be read.
    ///
    /// - Parameters:
    ///   - path: where it is looked for.
    ///   - name: what it was called on the command line.
    static func unreadable(_ path: String, shownAs name: String) -> CommandError {
        .usage(
            "\(name) cannot be read",
            remedy: FileManager.default.fileExists(atPath: path)
                ? "Check that it is a file, and your rights" : "There is no such file; check the path")
    }
}
