import Glibc

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// A log file that a child writes and that is kept within a bound: the file and one older one, `.1`.
struct SupervisedLog: Sendable {
    /// The size at which a file becomes the older one, in bytes.
    static let bytesMaxDefault = 16 << 20

    let path: String
    var bytesMax = SupervisedLog.bytesMaxDefault

    /// Before the child starts: a file that is too large is renamed.
    func rotateBeforeStart() {
        if size > bytesMax { rename(path, path + ".1") }
    }

    /// While the child runs: a file that is too large is copied and emptied. The child appends (O_APPEND), so that it goes on at the
    /// new end; what it writes between the copy and the emptying is lost, which a log for people can bear.
    func rotateWhileOpen() {
        guard size > bytesMax else { return }
        try? FileManager.default.removeItem(atPath: path + ".1")
        try? FileManager.default.copyItem(atPath: path, toPath: path + ".1")
        truncate(path, 0)
    }

    private var size: Int {
        var information = stat()
        return stat(path, &information) == 0 ? Int(information.st_size) : 0
    }
}
