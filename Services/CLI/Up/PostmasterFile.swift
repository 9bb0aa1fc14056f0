import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// `postmaster.pid` in a data directory: who runs the cluster and how far its start is.
///
/// Its lines are: process id, data directory, start time, port, socket directory, listen address, shared memory, status
/// (`src/include/utils/pidfile.h`).
struct PostmasterFile: Equatable {
    let processID: pid_t
    /// Whether the server answers; the file says `starting` before that and `stopping` after it.
    let isReady: Bool

    init?(text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let first = lines.first, let processID = pid_t(first), processID > 0 else { return nil }
        self.processID = processID
        self.isReady = lines.count >= 8 && lines[7].hasPrefix("ready")
    }

    static func path(dataDirectory: String) -> String { "\(dataDirectory)/postmaster.pid" }

    /// The file of a data directory, or nil when there is none that can be read.
    static func read(dataDirectory: String) -> PostmasterFile? {
        guard let data = FileManager.default.contents(atPath: path(dataDirectory: dataDirectory)) else { return nil }
        return PostmasterFile(text: String(decoding: data, as: UTF8.self))
    }

    /// Whether that process is a Postgres server on this very data directory: the number may belong to another one by now.
    /// Postgres is started with the directory among its arguments, and they are in `/proc/PID/cmdline` (proc(5)).
    func isServer(ofDataDirectory dataDirectory: String) -> Bool {
        guard kill(processID, 0) == 0 || errno == EPERM,
            let data = FileManager.default.contents(atPath: "/proc/\(processID)/cmdline")
        else { return false }
        let arguments = data.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return arguments.first?.hasSuffix("postgres") == true && arguments.contains(dataDirectory)
    }
}
