import Glibc

/// Reading and writing the small files that keys are kept in.
enum KeyFile {
    /// Key files hold some hundred bytes, an authorized-keys list of a thousand services 100 KB.
    private static let bytesMax = 1 << 20

    /// Writes a file that exists only in whole and that others cannot read for a moment either.
    ///
    /// - Throws: `MessagingError` with code `system`.
    static func write(_ text: String, to path: String, mode: mode_t) throws(MessagingError) {
        let temporary = "\(path).\(getpid()).new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw systemError("cannot create", temporary) }
        var isComplete = fchmod(descriptor, mode) == 0
        let bytes = [UInt8](text.utf8)
        isComplete = isComplete && Glibc.write(descriptor, bytes, bytes.count) == bytes.count
        isComplete = isComplete && fsync(descriptor) == 0
        isComplete = close(descriptor) == 0 && isComplete
        guard isComplete, rename(temporary, path) == 0 else {
            let error = systemError("cannot write", path)
            unlink(temporary)
            throw error
        }
    }

    /// Reads a file; a secret one is refused if group or others can read it, as ssh does.
    ///
    /// - Throws: `MessagingError` with code `system` or `invalidKey`.
    static func read(_ path: String, isSecret: Bool) throws(MessagingError) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw systemError("cannot open", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw systemError("cannot examine", path) }
        guard !isSecret || status.st_mode & 0o077 == 0 else {
            throw MessagingError(
                .invalidKey, "\(path) can be read by others; protect it with: chmod 600 \(path)")
        }
        guard status.st_size <= bytesMax else { throw MessagingError(.invalidKey, "\(path) is no key file: too large") }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw systemError("cannot read", path) }
            if count == 0 { break }
            bytes.append(contentsOf: chunk[..<count])
            guard bytes.count <= bytesMax else {
                throw MessagingError(.invalidKey, "\(path) is no key file: too large")
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Makes a directory that only its owner may enter; one that exists stays as it is.
    ///
    /// - Throws: `MessagingError` with code `system`.
    static func makeDirectory(_ path: String) throws(MessagingError) {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw systemError("cannot make directory", path) }
    }

    /// Removes a file; one that is not there is fine.
    ///
    /// - Throws: `MessagingError` with code `system`.
    static func remove(_ path: String) throws(MessagingError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw systemError("cannot remove", path) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private static func systemError(_ operation: String, _ path: String) -> MessagingError {
        let number = errno
        return MessagingError(.system(number), "\(operation) \(path): \(String(cString: strerror(number)))")
    }
}
