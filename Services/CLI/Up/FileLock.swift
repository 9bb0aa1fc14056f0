import Glibc

/// A lock that one process at a time holds on a file, and that ends with the process however it ends (flock(2)).
final class FileLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock, or returns nil when another process holds it.
    ///
    /// - Throws: ``UpError`` when the file cannot be made.
    init?(path: String) throws(UpError) {
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw UpError(
                "Cannot open \(path) (\(String(cString: strerror(errno))))",
                remedy: "Set WEIR_STATE_DIR to a directory that you can write")
        }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            close(descriptor)
            return nil
        }
    }

    /// Unlocks before it closes: a child that is being started holds a copy of the descriptor until it becomes its program, and
    /// with it the lock.
    deinit {
        flock(descriptor, LOCK_UN)
        close(descriptor)
    }

    /// Whether some process holds the lock now.
    static func isHeld(path: String) -> Bool {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        // Shared, so that two that only ask do not see each other.
        return flock(descriptor, LOCK_SH | LOCK_NB) != 0
    }
}
