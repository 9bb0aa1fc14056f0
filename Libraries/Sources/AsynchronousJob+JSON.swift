import JSON
import Mapping

extension AsynchronousJob {
    init(_ stored: StoredObject) throws(SourceSetupError) {
        self.init(
            externalID: try stored.required("external_id", stored.path("external_id")),
            status: try stored.required("status", stored.path("status")),
            done: try stored.required("done", stored.list("done", count: SourceBounds.alternatives)))
        failed = try stored.list("failed", count: 0...SourceBounds.alternatives.upperBound) ?? []
        progress = try stored.path("progress")
        lookupExternalID = try stored.path("lookup_external_id")
        if let poll = try stored.object("poll") {
            if let value = try poll.milliseconds("base_seconds", in: SourceBounds.pollMilliseconds) {
                pollBaseMilliseconds = value
            }
            if let value = try poll.milliseconds("max_seconds", in: SourceBounds.pollMilliseconds) {
                pollMaxMilliseconds = value
            }
        }
        if let value = try stored.milliseconds("deadline_seconds", in: SourceBounds.jobMilliseconds) {
            deadlineMilliseconds = value
        }
        noProgressMilliseconds = try stored.milliseconds("no_progress_seconds", in: SourceBounds.jobMilliseconds)
        if let value = try stored.choice("unknown_submission", of: UnknownSubmission.self) { unknownSubmission = value }
    }

    var json: JSONValue {
        var json: JSONObject = [
            "external_id": externalID.json, "status": status.json, "done": .array(done),
            "poll": ["base_seconds": .seconds(pollBaseMilliseconds), "max_seconds": .seconds(pollMaxMilliseconds)],
            "deadline_seconds": .seconds(deadlineMilliseconds),
            "unknown_submission": .string(unknownSubmission.rawValue),
        ]
        if !failed.isEmpty { json["failed"] = .array(failed) }
        json["progress"] = progress?.json
        json["lookup_external_id"] = lookupExternalID?.json
        json["no_progress_seconds"] = noProgressMilliseconds.map { .seconds($0) }
        return .object(json)
    }
}
