import Glibc

/// Writes whole lines to standard error.
public enum StandardErrorOutput {
    /// Writes `text` with as few calls of write(2) as it takes, normally one, so that lines of several processes do not mix.
    ///
    /// What cannot be written is lost: there is nowhere left to say so.
    public static func write(_ text: String) {
        var text = text
        text.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let count = Glibc.write(STDERR_FILENO, rest.baseAddress, rest.count)
                if count > 0 {
                    rest = UnsafeRawBufferPointer(rebasing: rest[count...])
                } else if errno != EINTR {
                    return
                }
            }
        }
    }
}
