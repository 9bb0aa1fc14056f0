import Glibc

/// A private directory that is gone when the body ends.
func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
    var template = Array("/tmp/weir-messaging-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw SetUpFailure(errno: errno) }
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer { removeTree(path) }
    return try body(path)
}

struct SetUpFailure: Error {
    let errno: Int32
}

private func removeTree(_ path: String) {
    if let directory = opendir(path) {
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard name != ".", name != ".." else { continue }
            removeTree("\(path)/\(name)")
        }
        closedir(directory)
        rmdir(path)
    } else {
        unlink(path)
    }
}
