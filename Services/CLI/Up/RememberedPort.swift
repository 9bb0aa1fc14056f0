#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The port of intake that an instance keeps from start to start, so that an address that was handed on stays good.
enum RememberedPort {
    /// The port of an earlier start; nil when there was none.
    static func read(_ state: StateDirectory) -> Int? {
        guard let text = try? String(contentsOfFile: state.httpPortPath, encoding: .utf8) else { return nil }
        return Int(text.filter { !$0.isWhitespace }).flatMap { (1...65_535).contains($0) ? $0 : nil }
    }

    /// Keeps the port for the next start.
    static func write(_ port: Int, _ state: StateDirectory) throws {
        do {
            try Data("\(port)\n".utf8).write(to: URL(filePath: state.httpPortPath))
        } catch {
            throw UpError(
                "Cannot write \(state.httpPortPath) (\(error))",
                remedy: "Check the directory's permissions and the room on its disk")
        }
    }
}
