import Glibc

/// The end of a log file, for errors.
enum LogTail {
    /// How much of the end is looked at, in bytes.
    static let bytesMax = 8 << 10

    static let silence = "it said nothing"

    /// How long a log is, in bytes: where what comes next begins.
    static func size(_ path: String) -> Int {
        var information = stat()
        return stat(path, &information) == 0 ? Int(information.st_size) : 0
    }

    /// The last line that is not empty, or words that there is none.
    static func lastLine(_ path: String) -> String {
        lastLines(path, count: 1).first ?? silence
    }

    /// The last `count` lines that are not empty, oldest first; none when the file cannot be read.
    ///
    /// - Parameters:
    ///   - offset: where to begin at the earliest.
    ///   - bytes: how much of the end is looked at.
    static func lastLines(_ path: String, count: Int, from offset: Int = 0, bytes: Int = bytesMax) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let end = lseek(descriptor, 0, SEEK_END)
        let text = String(unsafeUninitializedCapacity: bytes) { buffer in
            max(0, pread(descriptor, buffer.baseAddress, bytes, max(off_t(offset), end - off_t(bytes))))
        }
        return text.split(separator: "\n").suffix(count).map(String.init)
    }
}
