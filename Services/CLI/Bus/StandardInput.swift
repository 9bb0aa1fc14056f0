import Glibc

/// Standard input, to its end.
enum StandardInput {
    /// Reads everything.
    ///
    /// - Throws: ``CommandError`` when it holds more than `bytesMax` bytes.
    static func readAll(bytesMax: Int) throws(CommandError) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 << 10)
        while true {
            let count = read(STDIN_FILENO, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else {
                throw CommandError("Standard input cannot be read (\(String(cString: strerror(errno))))")
            }
            if count == 0 { return bytes }
            bytes += chunk[..<count]
            guard bytes.count <= bytesMax else {
                throw CommandError("Standard input holds more than \(bytesMax) bytes")
            }
        }
    }
}
