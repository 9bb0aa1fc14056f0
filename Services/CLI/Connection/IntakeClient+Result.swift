import Outbound
import Sources

/// A part of a result's NDJSON.
struct ResultPart: Sendable {
    let bytes: [UInt8]
    /// How long the whole is.
    let total: Int
    /// Which result it is a part of; the same tag, the same bytes.
    let tag: String
}

/// Results part by part, so that none has to fit into memory and a broken connection costs no more than a part.
extension IntakeClient {
    /// Bytes of a result, or fewer when it ends before; at offset 0 also the whole of an empty one.
    ///
    /// - Parameter tag: which result it has to be; nil for the newest.
    func resultPart(of id: String, at offset: Int, bytesMax: Int, tag: String?) async throws -> ResultPart {
        let answer = try await activitiesOnly(id) {
            try await get(
                try Self.path(id) + "/result?format=ndjson",
                headers: [(name: "range", value: "bytes=\(offset)-\(offset + bytesMax - 1)")]
                    + (tag.map { [(name: "if-match", value: $0)] } ?? []))
        }
        guard let newest = answer.header("etag") else { throw Self.withoutRanges }
        if answer.status == 200, offset == 0 {
            return ResultPart(bytes: answer.body, total: answer.body.count, tag: newest)
        }
        // "bytes 0-99/1000"
        let range = answer.header("content-range")?.split(separator: "/").map(String.init) ?? []
        guard answer.status == 206, range.count == 2, let total = Int(range[1]),
            range[0].hasPrefix("bytes \(offset)-"), !answer.body.isEmpty
        else { throw Self.withoutRanges }
        return ResultPart(bytes: answer.body, total: total, tag: newest)
    }

    /// Some lines of a result, each with the provenance of its values, and where those behind them are; nil after the last.
    ///
    /// - Parameter next: what the part before said; nil for the first.
    func resultPage(of id: String, next: String?) async throws -> (lines: [UInt8], next: String?) {
        let first = try Self.path(id) + "/result?format=ndjson&provenance=true&limit=1000"
        let answer = try await activitiesOnly(id) { try await get(next ?? first) }
        let links = answer.headers.filter { $0.name.lowercased() == "link" }.map(\.value)
        return (answer.body, LinkHeader.target(of: "next", in: links))
    }

    private static let withoutRanges = CommandError(
        "Intake does not give parts of results", remedy: "Use the 'weir' of the same version as the services")
}
