import Contracts
import JSON
import Postgres
import Store

/// Rows of a result as NDJSON: one line for each object, values in the order of their keys.
struct ResultLines {
    let datapointKeys: [DatapointID: String]

    /// Encodes consecutive rows; rows of one object stand together.
    func encode(_ rows: [ResultRow]) -> [UInt8] {
        var writer = JSONWriter()
        var first = 0
        while first < rows.count {
            var end = first
            while end < rows.count, rows[end].position == rows[first].position { end += 1 }
            encode(rows[first..<end], into: &writer)
            first = end
        }
        return writer.bytes
    }

    private func encode(_ rows: ArraySlice<ResultRow>, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("object")
        writer.string(rows[rows.startIndex].name)
        writer.key("values")
        writer.beginObject()
        var previous: String?
        for (key, value) in values(of: rows) where key != previous {
            writer.key(key)
            writer.raw(value.bytes)
            previous = key
        }
        writer.endObject()
        if let note = note(on: rows) {
            writer.key("note")
            writer.string(note)
        }
        if let failed = rows.first(where: { $0.state != "done" }) {
            writer.key("error")
            writer.beginObject()
            writer.key("state")
            writer.string(failed.state)
            if let reason = failed.reason {
                writer.key("reason")
                writer.string(reason)
            }
            writer.endObject()
        }
        writer.endObject()
        writer.endDocument()
        writer.raw(CollectionOfOne(UInt8(ascii: "\n")))
        writer.endDocument()
    }

    /// What there is to say about runs that are done all the same: each sentence once, in the order of the runs.
    private func note(on rows: ArraySlice<ResultRow>) -> String? {
        var sentences: [String] = []
        for row in rows where row.state == "done" {
            if let reason = row.reason, !sentences.contains(reason) { sentences.append(reason) }
        }
        return sentences.isEmpty ? nil : sentences.joined(separator: "; ")
    }

    /// By key; where two sources yield the same datapoint, the value of the run made first comes first.
    private func values(of rows: ArraySlice<ResultRow>) -> [(key: String, value: JSONB)] {
        var values: [(key: String, value: JSONB)] = []
        for row in rows {
            for value in row.values {
                if let key = datapointKeys[value.datapoint] { values.append((key, value.json)) }
            }
        }
        values.sort { $0.key < $1.key }
        return values
    }
}
