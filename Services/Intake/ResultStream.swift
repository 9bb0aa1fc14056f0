import Contracts
import HTTPTypes
import Hummingbird
import NIOCore
import Store

/// A collected result on its way to a client: chunk by chunk, so that memory stays flat.
struct ResultStream: Sendable {
    let requests: RequestStore
    let id: ActivityRequestID
    let org: OrgID

    /// One object per line.
    func ndjson() -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/x-ndjson"],
            body: .init { writer in
                try await chunks { try await writer.write(ByteBuffer(bytes: $0)) }
                try await writer.finish(nil)
            })
    }

    /// `{"id":…,"objects":[…]}`
    func json() -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init { writer in
                try await writer.write(ByteBuffer(string: "{\"id\":\"\(id)\",\"objects\":["))
                var isFirst = true
                try await chunks { chunk in
                    // Lines are JSON already, and a line feed never stands inside one.
                    var lines = chunk
                    if lines.last == UInt8(ascii: "\n") { lines.removeLast() }
                    for place in lines.indices where lines[place] == UInt8(ascii: "\n") {
                        lines[place] = UInt8(ascii: ",")
                    }
                    if !isFirst { lines.insert(UInt8(ascii: ","), at: 0) }
                    isFirst = false
                    try await writer.write(ByteBuffer(bytes: lines))
                }
                try await writer.write(ByteBuffer(string: "]}"))
                try await writer.finish(nil)
            })
    }

    private func chunks(_ body: ([UInt8]) async throws -> Void) async throws {
        var position = 0
        while let chunk = try await requests.resultChunk(from: position, of: id, org: org) {
            if !chunk.lines.isEmpty { try await body(chunk.lines) }
            position = chunk.end
        }
    }
}
