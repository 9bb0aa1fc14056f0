import JSON

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The vectors in `Tests/Vectors/`, which other implementations of the same rules read too.
enum Vectors {
    static func load(_ name: String, file: String = #filePath) throws -> JSONValue {
        let tests = URL(filePath: file).deletingLastPathComponent().deletingLastPathComponent()
        return try JSONValue(parsing: Array(Data(contentsOf: tests.appending(path: "Vectors/\(name).json"))))
    }
}
