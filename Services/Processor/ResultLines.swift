import Contracts
import JSON
import Postgres
import Store

/// Rows of a result as NDJSON: one line for each object, values in the order of their keys.
struct ResultLines {
    let datapointKeys: [DatapointID: String]

    /// Encodes consecutive rows; rows of one object stand together.
    ///
    /// - Parameter verdicts: on each object, in the order of the rows; empty when there are none.
    func encode(_ rows: [ResultRow], verdicts: [ObjectVerdict] = []) -> [UInt8] {
        var writer = JSONWriter()
        for (place, rows) in Self.objects(in: rows).enumerated() {
            encode(rows, verdict: verdicts.isEmpty ? nil : verdicts[place], into: &writer)
        }
        return writer.bytes
    }

    /// The rows of each object.
    static func objects(in rows: [ResultRow]) -> [ArraySlice<ResultRow>] {
        var objects: [ArraySlice<ResultRow>] = []
        var first = 0
        while first < rows.count {
            var end = first
            while end < rows.count, rows[end].position == rows[first].position { end += 1 }
            objects.append(rows[first..<end])
            first = end
        }
        return objects
    }

    private func encode(_ rows: ArraySlice<ResultRow>, verdict: ObjectVerdict?, into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("object")
        writer.string(rows[rows.startIndex].name)
        if let verdict {
            writer.key("qualified")
            writer.bool(verdict.isQualified)
        }
        writer.key("values")
        writer.beginObject()
        for (key, value) in values(of: rows) {
            writer.key(key)
            writer.raw(value.bytes)
        }
        writer.endObject()
        if let verdict {
            writer.key("factors")
            writer.raw(verdict.factors.bytes)
        }
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

    /// The value of a datapoint that the line shows.
    static func value(of datapoint: DatapointID, in rows: ArraySlice<ResultRow>) -> JSONB? {
        shown(rows.lazy.compactMap { row in row.values.first { $0.datapoint == datapoint }?.json })
    }

    /// Of what several sources say about one datapoint: the first value that is not null, else null. That one source knows nothing does not
    /// hide what another one knows.
    private static func shown(_ values: some Sequence<JSONB>) -> JSONB? {
        var null: JSONB?
        for value in values {
            guard value.bytes.elementsEqual("null".utf8) else { return value }
            null = value
        }
        return null
    }

    /// By key; where two sources yield the same datapoint, the value of the run made first, but a value before a null.
    private func values(of rows: ArraySlice<ResultRow>) -> [(key: String, value: JSONB)] {
        var values: [(key: String, value: JSONB)] = []
        for row in rows {
            for value in row.values {
                if let key = datapointKeys[value.datapoint] { values.append((key, value.json)) }
            }
        }
        // Sorting is stable: those of one datapoint stay in the order of the runs.
        values.sort { $0.key < $1.key }
        var shown: [(key: String, value: JSONB)] = []
        shown.reserveCapacity(values.count)
        for value in values {
            guard let last = shown.last, last.key == value.key else {
                shown.append(value)
                continue
            }
            if let value = Self.shown([last.value, value.value]) { shown[shown.count - 1].value = value }
        }
        return shown
    }
}
