#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The files of this repository as the tests of this folder look at them.
struct Repository: Sendable {
    /// The clone that this test was compiled from.
    static let current = Repository(
        root: URL(filePath: #filePath).resolvingSymlinksInPath().pathComponents.dropFirst().dropLast(3).map { "/\($0)" }
            .joined())

    let root: String
    /// All files but those that are built, downloaded or kept for a running instance; sorted by path.
    let paths: [String]
    /// The Swift files of libraries, services, tests and benchmarks.
    let sources: [SourceFile]

    init(root: String) {
        self.root = root
        var paths: [String] = []
        Self.collect(root, "", &paths)
        self.paths = paths.sorted()
        sources = self.paths.filter { $0.hasSuffix(".swift") }.map { path in
            SourceFile(path: path, text: Self.text("\(root)/\(path)"))
        }
    }

    /// The text of a file; empty when it is not there.
    func text(_ path: String) -> String { Self.text("\(root)/\(path)") }

    /// The bytes of a file; empty when it is not there or has over a megabyte, which no text has.
    func bytes(_ path: String) -> Data {
        let data = FileManager.default.contents(atPath: "\(root)/\(path)") ?? Data()
        return data.count <= 1 << 20 ? data : Data()
    }

    /// Whether there is a file or folder at a path.
    func exists(_ path: String) -> Bool { FileManager.default.fileExists(atPath: "\(root)/\(path)") }

    private static func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    private static func collect(_ root: String, _ folder: String, _ paths: inout [String]) {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(folder)")) ?? []
        for name in names where !isSkipped(name) {
            let path = folder.isEmpty ? name : "\(folder)/\(name)"
            var isDirectory: Bool = false
            guard FileManager.default.fileExists(atPath: "\(root)/\(path)", isDirectory: &isDirectory) else { continue }
            if isDirectory { collect(root, path, &paths) } else { paths.append(path) }
        }
    }

    /// What `.gitignore` names.
    private static func isSkipped(_ name: String) -> Bool {
        name == ".git" || name == ".weir" || name.hasPrefix(".build") || name == "Package.resolved"
            || name == "__pycache__"
    }
}
