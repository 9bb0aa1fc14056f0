import Glibc

/// A file that a result is fetched into, so that a download that was interrupted goes on where it ended.
///
/// Until it is whole it stands beside its place, under a name that says which result it is of: `countries.ndjson.1-ndjson.part`. What is left of
/// another result is not mistaken for a beginning of this one.
final class ResultFile {
    /// Where it is to stand.
    let path: String
    /// Where it stands until then.
    let partPath: String
    private let descriptor: Int32

    /// Opens the part that is there already, or a new one.
    ///
    /// - Parameter tag: the tag of the result.
    init(_ path: String, tag: String) throws(CommandError) {
        let name = tag.filter { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }
        self.path = path
        partPath = "\(path).\(name).part"
        descriptor = open(partPath, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o666)
        guard descriptor >= 0 else { throw Self.failure("open", partPath) }
    }

    deinit { close(descriptor) }

    /// How much of it is there.
    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// Forgets what is there.
    func clear() throws(CommandError) {
        guard ftruncate(descriptor, 0) == 0 else { throw Self.failure("empty", partPath) }
    }

    /// Writes at the end.
    func append(_ bytes: [UInt8]) throws(CommandError) {
        try Self.write(bytes, to: descriptor, partPath)
    }

    /// Puts the file into its place as it is.
    func finish() throws(CommandError) {
        guard rename(partPath, path) == 0 else { throw Self.failure("write", path) }
    }

    /// Puts something that is made of it into its place instead.
    ///
    /// - Parameter body: is called with what reads the next bytes, which are none at the end, and with what writes.
    func finish(
        converting body: (_ read: () throws(CommandError) -> [UInt8], _ write: ([UInt8]) throws(CommandError) -> Void)
            throws -> Void
    ) throws {
        let converted = "\(partPath)-converted"
        let output = open(converted, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o666)
        guard output >= 0 else { throw Self.failure("open", converted) }
        defer { close(output) }
        var offset = 0
        try body(
            { () throws(CommandError) in
                let bytes = try read(at: offset)
                offset += bytes.count
                return bytes
            },
            { (bytes: [UInt8]) throws(CommandError) in try Self.write(bytes, to: output, converted) })
        guard rename(converted, path) == 0 else { throw Self.failure("write", path) }
        unlink(partPath)
    }

    private func read(at offset: Int) throws(CommandError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = pread(descriptor, &bytes, bytes.count, off_t(offset))
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw Self.failure("read", partPath) }
            return Array(bytes[..<count])
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(CommandError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                guard errno == EINTR else { throw failure("write", path) }
                continue
            }
            rest = rest.dropFirst(count)
        }
    }

    private static func failure(_ action: String, _ path: String) -> CommandError {
        CommandError(
            "Cannot \(action) \(TerminalText.safe(path)): \(String(cString: strerror(errno)))",
            remedy: "Check --output, and that there is room in its directory")
    }
}
