import Contracts
import JSON
import Store

/// The body of the webhook that a finished request sends: `type`, `timestamp` and `data`, as Standard Webhooks advises.
struct CompletionPayload {
    let request: CollectableRequest
    let state: String
    let substate: String?
    /// How many objects meet the factors; nil when none were asked for.
    var qualification: QualificationCounts?
    let resultBytes: Int
    /// The whole result as NDJSON, when it is small.
    let inlineResult: [UInt8]?
    let timestamp: String
    /// Where a larger result can be fetched, and until when.
    let link: ResultLinks.Link?

    func encoded() -> [UInt8] {
        var writer = JSONWriter(capacity: (inlineResult?.count ?? 0) + 512)
        writer.beginObject()
        writer.key("type")
        writer.string("activity_request.completed")
        writer.key("timestamp")
        writer.string(timestamp)
        writer.key("data")
        writer.beginObject()
        writer.key("request")
        writer.string("\(request.id)")
        writer.key("activity")
        writer.string(request.activity)
        writer.key("state")
        writer.string(state)
        if let substate {
            writer.key("substate")
            writer.string(substate)
        }
        writer.key("runs")
        writer.value(runs)
        if let qualification {
            writer.key("qualification")
            writer.value([
                "qualified": .number(JSONNumber(qualification.qualified)),
                "unqualified": .number(JSONNumber(qualification.unqualified)),
            ])
        }
        writer.key("result_bytes")
        writer.int(resultBytes)
        if let link {
            writer.key("result_url")
            writer.string(link.url)
            writer.key("result_expires")
            writer.int(link.expires)
        }
        if let inlineResult { writeObjects(inlineResult, to: &writer) }
        writer.endObject()
        writer.endObject()
        return writer.take()
    }

    private var runs: JSONValue {
        let counts = request.counts
        return [
            "planned": .number(JSONNumber(max(counts.total, request.runsWanted))),
            "total": .number(JSONNumber(counts.total)), "done": .number(JSONNumber(counts.done)),
            "failed": .number(JSONNumber(counts.failed)), "invalid": .number(JSONNumber(counts.invalid)),
            "timedout": .number(JSONNumber(counts.timedout)),
        ]
    }

    /// The lines are JSON already: they become the elements of an array as they are.
    private func writeObjects(_ lines: [UInt8], to writer: inout JSONWriter) {
        writer.key("objects")
        writer.beginArray()
        for line in lines.split(separator: UInt8(ascii: "\n")) { writer.raw(line) }
        writer.endArray()
    }
}
