import Glibc

/// The end of a log file, for errors.
enum LogTail {
    /// How much of the end is looked at, in bytes.
    static let bytesMax = 8 << 10

    /// The last line that is not empty, or words that there is none.
    static func lastLine(_ path: String) -> String {
        lastLines(path, count: 1).first ?? "it said nothing"
    }

    /// The last `count` lines that are not empty, oldest first; none when the file cannot be read.
    static func lastLines(_ path: String, count: Int) -> [String] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return [] }
        defer { close(descriptor) }
        let end = lseek(descriptor, 0, SEEK_END)
        let text = String(unsafeUninitializedCapacity: bytesMax) { buffer in
            max(0, pread(descriptor, buffer.baseAddress, bytesMax, max(0, end - off_t(bytesMax))))
        }
        return text.split(separator: "\n").suffix(count).map(String.init)
    }
}
