/// What Postgres and its programs wrote to their log, for errors.
enum PostgresLog {
    /// Enough to look behind what many sessions are told when their server goes away.
    private static let bytesMax = 64 << 10
    /// What sessions are told because of something else.
    private static let consequences = ["terminating connection", "the database system is"]

    /// Why a program failed: its last PANIC, else FATAL, else ERROR with the hint below it; without one of them its last line.
    ///
    /// - Parameter offset: where in the log the program began to write.
    static func reason(_ path: String, from offset: Int) -> String {
        let lines = LogTail.lastLines(path, count: .max, from: offset, bytes: bytesMax)
        for severity in ["PANIC:  ", "FATAL:  ", "ERROR:  "] {
            let index = lines.lastIndex { line in
                line.contains(severity) && !consequences.contains { line.contains(severity + $0) }
            }
            guard let index, let message = text(lines[index], from: severity) else { continue }
            let hint = lines[(index + 1)...].prefix(2).compactMap { text($0, from: "HINT:  ") }.first
            return [message, hint].compactMap(\.self).joined(separator: " ")
        }
        return lines.last ?? LogTail.silence
    }

    /// A line without what stands before its severity: the time and the process.
    private static func text(_ line: String, from severity: String) -> String? {
        line.firstRange(of: severity).map { String(line[$0.lowerBound...]).replacing("  ", with: " ") }
    }
}
