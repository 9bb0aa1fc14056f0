import Foundation

/// A new directory with a short path.
enum ShortDirectory {
    /// Makes one in /tmp whatever TMPDIR says: the path of a Unix socket has at most 107 bytes.
    static func make() throws -> URL {
        var template = Array("/tmp/weir-integration-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw HarnessError("mkdtemp: errno \(errno)") }
        return URL(
            fileURLWithPath: String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self))
    }
}
