import JSON
import Mapping
import Sources

extension AsynchronousJob {
    /// - Parameters:
    ///   - cursor: the source's `job`.
    ///   - source: the source's mapping.
    ///   - templates: the source's templates.
    init?(reading cursor: DocumentCursor, of source: MappingCursor, templates: CheckedTemplates) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: [
            "external_id", "status", "done", "failed", "progress", "lookup_external_id", "poll", "deadline",
            "no_progress", "unknown_submission",
        ])
        let externalID = body.required("external_id", "where the submission's answer holds the job's id, such as [id]")?
            .pathPattern()
        let status = body.required("status", "where a poll's answer holds the status, such as [status]")?.pathPattern()
        let done = body.required("done", "the statuses that mean that the result is there, such as [completed]")?
            .statuses()
        guard let externalID, let status, let done else { return nil }
        self.init(externalID: externalID, status: status, done: done)
        if let list = body["failed"] {
            failed = list.statuses() ?? []
            if let both = failed.first(where: done.contains) {
                list.report(.conflict, "\(both) stands in done too", remedy: "keep it in one of the two lists")
            }
        }
        progress = body["progress"]?.pathPattern()
        lookupExternalID = body["lookup_external_id"]?.pathPattern()
        if let poll = body["poll"] { readPoll(poll) }
        if let deadline = body["deadline"]?.milliseconds(in: SourceBounds.jobMilliseconds) {
            deadlineMilliseconds = deadline
        }
        noProgressMilliseconds = body["no_progress"]?.milliseconds(in: SourceBounds.jobMilliseconds)
        if let noProgressMilliseconds, noProgressMilliseconds > deadlineMilliseconds {
            body["no_progress"]?.report(
                .conflict, "the deadline of the whole job comes first", remedy: "shorten no_progress, or raise deadline"
            )
        }
        readUnknownSubmission(body, source: source, templates: templates)
    }

    private mutating func readPoll(_ cursor: DocumentCursor) {
        guard let body = cursor.mapping() else { return }
        body.refuseUnknownKeys(known: ["base", "max"])
        let base = body["base"]?.milliseconds(in: SourceBounds.pollMilliseconds)
        let max = body["max"]?.milliseconds(in: SourceBounds.pollMilliseconds)
        if let base { pollBaseMilliseconds = base }
        pollMaxMilliseconds = max ?? Swift.max(pollMaxMilliseconds, pollBaseMilliseconds)
        if pollBaseMilliseconds > pollMaxMilliseconds {
            cursor.report(.conflict, "the first wait (base) is longer than the longest (max)", remedy: "raise max")
        }
    }

    /// What was declared, else the safest that the templates allow: looking up needs no promise of the API, sending the same key
    /// again needs one, and without either a person decides.
    private mutating func readUnknownSubmission(
        _ body: MappingCursor, source: MappingCursor, templates: CheckedTemplates
    ) {
        let lookup = source[SourceStep.lookup.key]
        let carriesKey = templates[.run]?.variables.contains("submission_key") == true
        let declared = body["unknown_submission"]?.choice(of: UnknownSubmission.self)
        unknownSubmission = declared ?? (lookup != nil ? .lookUp : carriesKey ? .submitAgain : .fail)
        if unknownSubmission == .lookUp, lookup == nil {
            body["unknown_submission"]?.report(
                .conflict, "nothing says how to look a submission up",
                remedy: "add lookup_request_template to the source, or write submit_again or fail")
        }
        if let declared, declared != .lookUp {
            lookup?.report(
                .conflict, "it is never used, since unknown_submission is \(declared.rawValue)",
                remedy: "write unknown_submission: look_up, or leave the template out")
        }
        if lookup == nil {
            body["lookup_external_id"]?.report(
                .conflict, "the source has no lookup_request_template", remedy: "add one, or leave this out")
        }
    }
}

extension DocumentCursor {
    /// A list of statuses: texts, numbers, true or false.
    fileprivate func statuses() -> [JSONValue]? {
        guard let elements = alternatives() else { return nil }
        let values = elements.compactMap { $0.comparedValue(asText: false) }
        return values.count == elements.count ? values : nil
    }
}
