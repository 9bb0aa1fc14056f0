import HTTPTypes
import Hummingbird
import NIOCore
import Synchronization

extension Response {
    /// The same, a byte at a time.
    func slowed(by pause: Duration) async throws -> Response {
        let bytes = try await wholeBody()
        return with(
            ResponseBody(contentLength: bytes.count) { writer in
                for byte in bytes {
                    try await writer.write(ByteBuffer(bytes: [byte]))
                    // The slowness that was asked for.
                    try await Task.sleep(for: pause)
                }
                try await writer.finish(nil)
            })
    }

    /// The same as far as its middle, where the connection breaks.
    func cut() async throws -> Response {
        let bytes = try await wholeBody()
        return with(
            ResponseBody(contentLength: bytes.count) { writer in
                try await writer.write(ByteBuffer(bytes: bytes.prefix(bytes.count / 2)))
                throw BrokenConnection()
            })
    }

    /// The beginning of an answer; then the connection breaks.
    static var lost: Response {
        Response(status: .ok, body: ResponseBody(contentLength: 2) { _ in throw BrokenConnection() })
    }

    /// A text that goes on for as long as somebody reads it.
    static var endless: Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: ResponseBody { writer in
                try await writer.write(ByteBuffer(string: "[\""))
                let line = ByteBuffer(string: String(repeating: "and so on, ", count: 1_000))
                while !Task.isCancelled { try await writer.write(line) }
                throw BrokenConnection()
            })
    }

    /// 200 KiB that unpack to 32 MiB of one letter.
    static var gzipBomb: Response {
        Response(
            status: .ok, headers: [.contentType: "application/json", .contentEncoding: "gzip"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: GzipBomb.bytes(expandedBytes: 32 << 20))))
    }

    private func with(_ body: ResponseBody) -> Response {
        var response = self
        response.body = body
        return response
    }

    private func wholeBody() async throws -> [UInt8] {
        let collector = BodyCollector()
        try await body.write(collector)
        return collector.bytes
    }
}

/// Thrown where a body is written, it ends the connection without the rest of the answer.
private struct BrokenConnection: Error {}

/// Takes what a response's body writes.
private final class BodyCollector: ResponseBodyWriter, Sendable {
    private let collected = Mutex<[UInt8]>([])

    var bytes: [UInt8] { collected.withLock { $0 } }

    func write(_ buffer: ByteBuffer) async throws {
        collected.withLock { $0 += buffer.readableBytesView }
    }

    func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
