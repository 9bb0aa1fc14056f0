import Contracts
import JSON
import NIOCore
import Store

/// A collected result on its way to a client: chunk by chunk, so that memory stays flat.
struct ResultStream: Sendable {
    /// A page ends when it has so many bytes, but not inside a line.
    static let pageBytesMax = 1 << 20

    let requests: RequestStore
    let id: ActivityRequestID
    let org: OrgID
    let extent: ResultExtent
    /// Whether each line says where its values come from.
    var isWithProvenance = false

    /// The bytes of a range of the NDJSON.
    func bytes(_ range: Range<Int>, _ body: (ArraySlice<UInt8>) async throws -> Void) async throws {
        try await read(range) { chunk, part in
            try await body(part)
            return true
        }
    }

    /// All lines, as they are given to clients.
    func lines(_ body: ([UInt8]) async throws -> Void) async throws {
        try await read(0..<extent.bytes) { chunk, part in
            try await body(try await completed(part, of: chunk))
            return true
        }
    }

    /// A page: some lines, and the byte at which the next one begins; nil after the last.
    ///
    /// - Returns: nil when no line begins at the byte.
    func page(from start: Int, linesMax: Int) async throws -> (lines: [UInt8], next: Int?)? {
        guard start < extent.bytes else { return start == extent.bytes ? ([], nil) : nil }
        var page: [UInt8] = []
        var end = start
        var count = 0
        var isAtLine: Bool? = start > 0 ? nil : true
        // From the byte before: it ends a line, or the cursor was not given by anybody here.
        try await read(max(0, start - 1)..<extent.bytes) { chunk, part in
            var part = part
            if isAtLine == nil { isAtLine = part.removeFirst() == UInt8(ascii: "\n") }
            guard isAtLine == true else { return false }
            var rest = part
            var isFull: Bool { count == linesMax || end - start >= Self.pageBytesMax }
            while !isFull, let line = rest.firstIndex(of: UInt8(ascii: "\n")) {
                end += line + 1 - rest.startIndex
                rest = rest[(line + 1)...]
                count += 1
            }
            page += try await completed(part[..<rest.startIndex], of: chunk)
            return !isFull
        }
        return isAtLine == true ? (page, end < extent.bytes ? end : nil) : nil
    }

    /// Reads a range of the NDJSON until the body has enough.
    ///
    /// - Throws: ``Problem/replaced`` when the request was taken up again meanwhile; an answer that has begun breaks off then.
    private func read(
        _ range: Range<Int>, _ body: (StoredResultChunk, ArraySlice<UInt8>) async throws -> Bool
    ) async throws {
        guard !range.isEmpty else { return }
        guard var (position, offset) = try await requests.resultPlace(ofByte: range.lowerBound, of: id, org: org) else {
            throw Problem.replaced
        }
        while offset < range.upperBound {
            guard
                let chunk = try await requests.resultChunk(from: position, of: id, org: org, round: extent.round)
            else { throw Problem.replaced }
            let first = max(0, range.lowerBound - offset)
            let end = min(chunk.lines.count, range.upperBound - offset)
            // Chunks without lines there are, too: of objects that no run was made for.
            if first < end, try await !body(chunk, chunk.lines[first..<end]) { return }
            position = chunk.positions.upperBound
            offset += chunk.lines.count
        }
    }

    /// Whole lines of a chunk as clients get them.
    private func completed(_ lines: ArraySlice<UInt8>, of chunk: StoredResultChunk) async throws -> [UInt8] {
        guard isWithProvenance else { return Array(lines) }
        let provenance = ProvenanceLines(lines)
        return provenance.completed(
            try await requests.provenance(of: provenance.names, positions: chunk.positions, of: id, org: org))
    }
}
