extension Substate {
    /// What a substate says of a row in one of some states.
    public struct Meaning: Sendable, Hashable {
        /// The word in the column. `http_NNN` stands for all of `http_100` to `http_999`.
        public let substate: Substate
        /// The states in which it has this meaning.
        public let states: [State]
        /// The tables that hold it.
        public let entities: [StateEntity]
        /// A sentence for people, without a full stop.
        public let text: String
    }

    /// All substates that there are, each with what it means. A word that means two things stands here twice.
    public static let meanings = ofRequests + ofRuns + ofExchanges + ofJobs + ofAnswers + ofEverything + ofParkedWork

    /// The substates of ``meanings``, each once.
    public static let known: [Substate] = meanings.reduce(into: []) { known, meaning in
        if !known.contains(meaning.substate) { known.append(meaning.substate) }
    }

    /// Those of them whose names are settled but which no service writes yet.
    public static let reserved: [Substate] =
        [.json] + ["rate_limited", "scheduled"].map(Substate.init(rawValue:))

    private static let requests: [StateEntity] = [.workflowRequest, .activityRequest]
    private static let runs: [StateEntity] = [.run]
    private static let exchanges: [StateEntity] = [.run, .runRequest]

    private static let ofRequests = [
        meaning(
            "content", [.invalid, .failed], requests, "what it asks for cannot be read or is not allowed"),
        meaning(
            "expanding", [.inProgress], [.activityRequest], "its objects are being turned into runs, chunk by chunk"),
        meaning(
            "collecting", [.inProgress], [.activityRequest], "its runs have ended and its result is being put together"),
        meaning(
            "stopping", [.inProgress], [.activityRequest],
            "it was cancelled or its time is over, and its open runs are being closed"),
        meaning("phase", [.waiting], [.activityRequest], "its phase of the workflow has not begun"),
        meaning(
            "workflow_stopped", [.failed], [.activityRequest],
            "the workflow was stopped before its phase began: by somebody, or by a step that stops it when it fails"),
        meaning("empty", [.done], requests, "it came to nothing to do: no run, or no activity request"),
        meaning("partial", [.done], requests, "a part of it succeeded and a part did not"),
    ]

    private static let ofRuns = [
        meaning(
            "fetched", [.inProgress], runs, "its answer is stored and waits to be mapped; no executor holds it any more"
        ),
        meaning(
            "no_data", [.done], runs,
            "the API has nothing on it: the answer holds nothing of what is mapped, lacks the object, or says so"),
        meaning("paused", [.waiting], runs, "its source is paused by a response rule; the attempt does not count"),
        meaning("missing_value", [.invalid], runs, "a value that its source's template needs is missing"),
        meaning(
            "max_objects", [.done], runs,
            "it found more objects than its request may have; those beyond are left out"),
        meaning(
            "type_mismatch", [.done], runs,
            "a value does not fit its datapoint's type and was left out; the others are there"),
        meaning(
            "lease_expired", [.ready, .failed], exchanges,
            "its executor went away; the run goes again, until that has happened too often"),
        meaning(
            "claim_lost", [.ready, .failed], exchanges,
            "the answer to the claim was lost before the call; the run goes again"),
        meaning(
            "stopped", [.ready, .failed], exchanges,
            "the executor stopped before the call; the run goes again and the attempt does not count"),
        meaning(
            "no_permit", [.ready, .failed], exchanges,
            "the source was paused, or other executors make all the calls that it allows; the run goes again and the attempt does not count"
        ),
        meaning(
            "source_unusable", [.ready, .failed], exchanges,
            "its source cannot be used as it is stored; the run goes again when it can, and the attempt does not count"),
        meaning(
            "prepared", [.ready, .inProgress], exchanges,
            "its exchange was formed by SQL and waits for an executor to take it up"),
        meaning(
            "not_claimed", [.ready, .failed], exchanges,
            "no executor took up the exchange that was formed by SQL; the run goes again and the attempt does not count"
        ),
    ]

    private static let ofExchanges = [
        meaning("http_NNN", [.waiting, .failed], exchanges, "the API answered with that status"),
        meaning(
            "response_rule", [.waiting, .failed], exchanges,
            "the API answered with success, and a response rule of the source finds fault with the answer"),
        meaning(
            "token_refused", [.failed], exchanges,
            "the authorization server refuses the credentials of the source, or gives no token that can be used"),
        meaning(
            "token_unavailable", [.waiting, .failed], exchanges,
            "the authorization server could not be asked for the token of the source"),
        meaning("page_not_json", [.failed], exchanges, "a page of the answer is not JSON, so that the next is unknown"),
        meaning(
            "pagination_loop", [.failed], exchanges,
            "a page of the answer came again, or leads back to one that was read already"),
        meaning(
            "items_missing", [.failed], exchanges,
            "the pages of the answer hold fewer items than the answer says that it has"),
        meaning("too_many_pages", [.failed], exchanges, "the answer has more pages than its source allows"),
        meaning(
            "next_page_refused", [.failed], exchanges,
            "the next page of the answer is at another server, or its cursor or address cannot be read"),
        meaning("timeout", [.waiting, .timedout], exchanges, "no answer came within the source's time-out"),
        meaning("connect", [.waiting, .failed], exchanges, "no address of the host accepted a connection"),
        meaning(
            "name_resolution", [.waiting, .failed], exchanges,
            "the host's name has no address, or the name service did not answer"),
        meaning(
            "network", [.waiting, .failed], exchanges, "the connection broke, or what came is not a whole HTTP answer"),
        meaning(
            "tls", [.waiting, .failed], exchanges,
            "the TLS handshake failed, or the certificate is not valid for the host"),
        meaning("address_refused", [.failed], exchanges, "the address is private or otherwise not allowed"),
        meaning(
            "body_too_large", [.failed], exchanges, "the answer, or the body of the request, is larger than its bound"),
        meaning("headers_too_large", [.failed], exchanges, "the answer's headers are larger than their bound"),
        meaning("invalid_url", [.failed], exchanges, "the URL that the template makes cannot be used"),
        meaning("invalid_header", [.failed], exchanges, "a header that the template makes cannot be sent"),
        meaning("invalid_method", [.failed], exchanges, "the template's method is none that can be sent"),
        meaning("template", [.failed], exchanges, "the request could not be made from the template"),
        meaning("secret_missing", [.failed], exchanges, "a secret of the source is not set for the executor"),
        meaning(
            "cancelled", [.waiting], exchanges, "the executor stopped in the middle of the call; the run goes again"),
        meaning(
            "closed", [.waiting], exchanges, "the executor closed its connections before the call; the run goes again"),
        meaning("overloaded", [.waiting], exchanges, "the executor had no room for the call; the run goes again"),
    ]

    private static let ofJobs = [
        meaning(
            "submission_unknown", [.waiting, .failed], exchanges,
            "nobody knows whether the API has taken the job; what becomes of it the source says (unknown_submission)"),
        meaning("no_external_id", [.failed], exchanges, "the API took the job, and its answer has no id for it"),
        meaning("job_failed", [.failed], exchanges, "the API's job ended without a result"),
        meaning("job_status", [.failed], exchanges, "the API does not say how far its job is"),
        meaning("job_deadline", [.timedout], exchanges, "the API's job was not done within its deadline"),
        meaning("job_stalled", [.timedout], exchanges, "the API's job made no progress for too long"),
        meaning("job_lost", [.failed], exchanges, "the source does not describe jobs any more, or is gone"),
    ]

    private static let ofAnswers = [
        meaning("empty", [.failed], runs, "the answer holds no byte, or white space only"),
        meaning("not_json", [.failed], runs, "the answer is HTML, XML or plain text"),
        meaning("truncated", [.failed], runs, "the answer ends in the middle"),
        meaning("invalid_json", [.failed], runs, "the answer is not valid JSON in another way"),
        meaning("too_deep", [.failed], runs, "the answer is nested too deeply"),
        meaning("too_large", [.failed], runs, "the answer is too long to be mapped"),
        meaning("too_many_matches", [.failed], runs, "the mapping finds more in the answer than its bound allows"),
        meaning(
            "unstorable_text", [.failed], runs,
            "a mapped text holds what no database can: U+0000, or half of a surrogate pair"),
        meaning("number_out_of_range", [.failed], runs, "a mapped number is beyond what the database holds"),
        meaning("out_of_memory", [.failed], runs, "the processor had no memory for the answer"),
        meaning(
            "unstorable", [.failed], runs,
            "the database refused a mapped value, or could not store in time what the answer holds"),
        meaning("mapping", [.failed], runs, "the mapping of the source cannot be used"),
    ]

    private static let ofEverything = [
        meaning(
            "retried", [.ready, .inProgress], [.activityRequest, .run], "somebody took it up again after it had ended"),
        meaning("cancelled", [.failed], StateEntity.allCases, "somebody gave it up"),
        meaning("deadline", [.timedout], StateEntity.allCases, "the time that it was given is over"),
    ]

    private static let ofParkedWork = [
        meaning("json", [.invalid], requests, "the content is not acceptable JSON"),
        meaning("external_job", [.waiting], exchanges, "the API works on it and is polled or calls back"),
        meaning("rate_limited", [.waiting], runs, "a rate or concurrency limit has to free up"),
        meaning("scheduled", [.waiting], StateEntity.allCases, "not before its due time"),
    ]

    private static func meaning(
        _ word: String, _ states: [State], _ entities: [StateEntity], _ text: String
    ) -> Meaning {
        Meaning(substate: Substate(rawValue: word), states: states, entities: entities, text: text)
    }
}
