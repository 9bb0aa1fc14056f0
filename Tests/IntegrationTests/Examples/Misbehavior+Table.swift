import JSON

extension Misbehavior {
    /// More often than a source tries.
    private static let always: JSONValue = 100

    /// Of the API of each example.
    static let ofAPIs: [(ExampleCatalogue, [Misbehavior])] = [
        (.directory, ofAnswers + ofPages), (.search, ofContents), (.registry, ofLinks), (.crm, ofTokens),
        (.batch, ofSubmissions + ofJobs),
    ]

    // MARK: A key in the query, pages by offset

    private static let ofAnswers: [Misbehavior] = [
        .overcome(
            "5xx for a while", [["kind": "status", "status": 503, "times": 3]], saying: "HTTP 503",
            counts: ["calls": 7...7]),
        .ends(
            "5xx for good", [["kind": "status", "status": 500, "times": always]], "failed", "http_500",
            "attempt 4 of 4 was the last", counts: ["calls": 8...8]),
        .ends(
            "a key that is not the right one",
            overrides: ["sources.people_directory.auth.value=<<$secret.SEARCH_KEY>>"],
            "failed", "http_401", "credentials"),
        .ends(
            "a body that takes too long", [["kind": "slow_body", "milliseconds": 200, "times": always]],
            overrides: ["sources.people_directory.timeout=500ms"], "timedout", "timeout", "attempt 4 of 4 was the last"),
        .ends(
            "a body without end", [["kind": "endless_body", "times": always]],
            overrides: ["sources.people_directory.response_bytes_max=64KiB"], "failed", "body_too_large",
            "at most 65536 bytes", counts: ["calls": 2...2]),
        .ends(
            "few bytes that unpack to very many", [["kind": "gzip_bomb", "times": always]], "failed", "body_too_large",
            "at most 10485760 bytes", counts: ["calls": 2...2]),
        .overcome(
            "a connection that breaks in the middle of an answer", [["kind": "cut_body", "times": 2]],
            saying: "again in"),
        .ends(
            "connections that always break", [["kind": "cut_body", "times": always]], "failed", "network",
            "attempt 4 of 4 was the last"),
        .ends(
            "a redirect to a private address", [["kind": "redirect", "times": always]], "failed", "http_302",
            "redirects are not followed", counts: ["calls": 2...2]),
        .ends(
            "a private address", overrides: ["sources.people_directory.base_url=http://169.254.169.254/latest"],
            "failed", "address_refused", "169.254.169.254", counts: ["calls": 0...0]),
    ]

    private static let ofPages: [Misbehavior] = [
        .ends(
            "a first page that comes again and again", [["kind": "same_page", "times": always]], "done",
            "pagination_loop", "which was read already; the API does not heed the parameter offset"),
        .ends(
            "more pages than there may be", overrides: ["sources.people_directory.pagination.pages_max=2"], "done",
            "too_many_pages", "raise pagination.pages_max of the source"),
        .ends(
            "a page that is not JSON", [["kind": "not_json", "times": always]], "failed", "page_not_json",
            "page 1 of the answer cannot be read"),
        .ends(
            "a page without what is mapped", [["kind": "error_inside", "code": "CORRUPT", "times": always]], "done",
            "no_data", "holds none of the mapped values"),
    ]

    // MARK: A search that answers with nested arrays

    private static let ofContents: [Misbehavior] = [
        .overcome(
            "429 with Retry-After in seconds", [["kind": "status", "status": 429, "retry_after": 1]],
            saying: "again in 1\\.0 s", counts: ["calls": 2...2]),
        .overcome(
            "429 with Retry-After as a date",
            [["kind": "status", "status": 429, "retry_after": 3, "retry_after_form": "date"]],
            saying: "again in [123]\\.", counts: ["calls": 2...2]),
        .ends("a page for people", [["kind": "not_json"]], "failed", "not_json", "<html>"),
        .ends("no byte", [["kind": "empty"]], "failed", "empty", "empty"),
        .ends(
            "an error inside that no rule knows", [["kind": "error_inside", "code": "CORRUPT"]], "done", "no_data",
            "names no object where the mapping looks for one"),
        .ends(
            "no answer in time", [["kind": "delay", "milliseconds": 5000, "times": always]],
            overrides: ["sources.company_search.timeout=300ms"], "timedout", "timeout", "attempt 4 of 4 was the last"),
    ]

    // MARK: A bearer token, pages by the Link header

    private static let ofLinks: [Misbehavior] = [
        .overcome(
            "429 to which a rule pauses the source, for seconds",
            [["kind": "status", "status": 429, "retry_after": 1]], saying: "The register asks for a pause"),
        .overcome(
            "429 to which a rule pauses the source, until a date",
            [["kind": "status", "status": 429, "retry_after": 2, "retry_after_form": "date"]],
            saying: "The register asks for a pause"),
        .overcome(
            "429 to which a rule pauses the source, for as long as it says", [["kind": "status", "status": 429]],
            overrides: ["sources.registry.response_rules[1].after=1s"], saying: "The register asks for a pause"),
        .ends(
            "a next page at a private address", [["kind": "foreign_page", "times": always]], "failed",
            "next_page_refused", "at another server"),
        .ends(
            "a second page that is missing", [["kind": "status", "status": 403, "times": always]], "failed",
            "http_403", "credentials"),
    ]

    // MARK: OAuth2, pages by cursor

    private static let ofTokens: [Misbehavior] = [
        .overcome(
            "a token that is revoked", revokesTokens: true,
            counts: ["stale_tokens": 1...1, "tokens_issued": 1...1]),
        .overcome(
            "tokens that end in the middle of the pages, and before their time",
            settings: #"{"token_seconds":1.5,"latency_ms":500}"#, revokesTokens: true,
            counts: ["stale_tokens": 1...9, "tokens_issued": 2...9]),
        .ends(
            "401 with every token", [["kind": "status", "status": 401, "path": "/accounts", "times": always]],
            "failed", "http_401", "credentials"),
        .ends(
            "credentials that are not the right ones",
            overrides: ["sources.crm.auth.client_secret=<<$secret.CRM_CLIENT>>"],
            "failed", "token_refused", "invalid_client"),
        .overcome(
            "a login that is down for a moment", [["kind": "status", "status": 503, "path": "/oauth/"]],
            revokesTokens: true, counts: ["tokens_issued": 1...1]),
        .ends(
            "a login that is down", [["kind": "status", "status": 503, "path": "/oauth/", "times": always]],
            revokesTokens: true, "failed", "token_unavailable", "attempt 4 of 4 was the last"),
        .overcome(
            "200 with an error inside, which a rule knows", [["kind": "error_inside", "path": "/accounts"]],
            overrides: ["sources.crm.response_rules[1].after=1s"], saying: "The CRM's quota is used up"),
        .ends(
            "a cursor that comes again", [["kind": "repeated_cursor", "times": always]], "failed", "pagination_loop",
            "read already; the cursor .* leads back there"),
    ]

    // MARK: Submit, poll, fetch

    private static let ofSubmissions: [Misbehavior] = [
        .overcome(
            "a submission that is lost on its way", [["kind": "lost_call"]],
            saying: "nobody knows whether the API has taken the job",
            counts: ["jobs_created": 1...1, "jobs_repeated": 0...0, "jobs_deleted": 1...1]),
        .overcome(
            "a submission whose answer is lost", [["kind": "cut_body"]],
            saying: "nobody knows whether the API has taken the job",
            counts: ["jobs_created": 1...1, "jobs_repeated": 0...0, "jobs_deleted": 1...1]),
        .ends(
            "a submission that is answered without an id", [["kind": "no_job_id"]], "failed", "no_external_id",
            "no id for it where external_id says"),
    ]

    private static let ofJobs: [Misbehavior] = [
        .overcome(
            "polls that fail for a while", [["kind": "status", "status": 503, "path": "/batches/b-", "times": 3]]),
        .ends(
            "a job that fails", [["kind": "job_fails"]], "failed", "job_failed", "ended as error",
            counts: ["jobs_aborted": 0...0, "jobs_deleted": 1...1]),
        .ends(
            "a job that makes no progress", [["kind": "job_hangs"]], overrides: ["sources.profiles.job.no_progress=1s"],
            "timedout", "job_stalled", "no progress", counts: ["jobs_aborted": 1...1, "jobs_deleted": 1...1]),
        .ends(
            "a job that never comes to an end", [["kind": "job_loses_progress"]],
            overrides: ["sources.profiles.job.no_progress=2s", "sources.profiles.job.deadline=2s"], "timedout",
            "job_deadline", "not done within 2 s", counts: ["jobs_aborted": 1...1, "jobs_deleted": 1...1]),
        .ends(
            "a job that is lost", [["kind": "job_is_lost"]], "failed", "http_404", "could not be asked about its job"),
        .ends(
            "results about others", [["kind": "job_names_others"]], "done", "no_data", "but not this one"),
        .overcome(
            "a callback that nobody signed", [["kind": "forged_callback"]],
            overrides: ["sources.profiles.run_request_template.body.callback_url=<<$callback_url>>"],
            counts: ["callbacks_taken": 0...0, "callbacks_refused": 1...3]),
        .overcome(
            "a callback long before the next poll",
            overrides: [
                "sources.profiles.run_request_template.body.callback_url=<<$callback_url>>",
                "sources.profiles.job.poll.base=5m", "sources.profiles.job.poll.max=5m",
            ],
            counts: ["callbacks_taken": 1...1, "callbacks_refused": 0...0]),
    ]
}
