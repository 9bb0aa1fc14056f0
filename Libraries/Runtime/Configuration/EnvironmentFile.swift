#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A file of settings: one `KEY=value` a line, `#` comments, blank lines, an optional `export ` in front, and an optional pair
/// of quotes around the value. Nothing is expanded.
///
/// Unlike lenient readers of such files this one refuses a line that it does not understand, naming it: a mistyped setting that
/// is passed over in silence costs more than a service that does not start.
enum EnvironmentFile {
    /// The largest file that is read, in bytes.
    static let bytesMax = 1 << 20

    /// Reads the file at `path`.
    ///
    /// - Throws: ``ConfigurationError`` that names the file and the line.
    static func read(path: String) throws -> [String: String] {
        let data: Data
        do {
            data = try Data(contentsOf: URL(filePath: path))
        } catch {
            throw ConfigurationError(
                setting: "WEIR_CONFIG", problem: "names \(path), which cannot be read",
                remedy: "Name a readable file of KEY=value lines, or unset it")
        }
        guard data.count <= bytesMax else {
            throw ConfigurationError(
                setting: path, problem: "has \(data.count) bytes", remedy: "Keep it under \(bytesMax) bytes")
        }
        return try parse(String(decoding: data, as: UTF8.self), path: path)
    }

    /// Reads the text of such a file; `path` is for the errors. The last of two equal keys counts.
    static func parse(_ text: String, path: String) throws -> [String: String] {
        var values: [String: String] = [:]
        for (index, rawLine) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            var line = trimmed(rawLine)
            if line.isEmpty || line.hasPrefix("#") { continue }
            if line.hasPrefix("export ") { line = trimmed(line.dropFirst("export ".count)) }
            let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, isVariableName(trimmed(parts[0])) else {
                throw ConfigurationError(
                    setting: "\(path):\(index + 1)", problem: "is not a line of the form WEIR_NAME=value",
                    remedy: "Correct the line, or begin it with # to leave it out")
            }
            values[trimmed(parts[0])] = unquoted(trimmed(parts[1]))
        }
        return values
    }

    private static func isVariableName(_ name: String) -> Bool {
        !name.isEmpty && name.allSatisfy { $0 == "_" || ($0.isASCII && ($0.isLetter || $0.isNumber)) }
    }

    private static func unquoted(_ value: String) -> String {
        guard let quote = value.first, quote == "\"" || quote == "'", value.count >= 2, value.last == quote else {
            return value
        }
        return String(value.dropFirst().dropLast())
    }
}
