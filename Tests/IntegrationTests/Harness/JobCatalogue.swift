import Postgres

/// The sources and activities of tests with jobs at an API.
enum JobCatalogue {
    /// What a source of a moody API says.
    private static let pausing =
        "response_rules: [{ when: { status: 429 }, action: pause_source, after: 1h, reason: The API's quota is used up }]"

    static func yaml(_ url: String) -> String {
        let sources = [
            ("plain", "", "poll: { base: 100ms, max: 100ms }", ""),
            (
                "looking", "lookup_request_template: { url: \"/jobs\", query: { key: \"<<$submission_key>>\" } }",
                "poll: { base: 100ms, max: 100ms }, lookup_external_id: [jobs, 0, id]", ""
            ),
            ("once", "", "poll: { base: 100ms, max: 100ms }, unknown_submission: fail", ""),
            ("brief", "", "poll: { base: 100ms, max: 100ms }, deadline: 1s", ""),
            ("patient", "", "poll: { base: 100ms, max: 100ms }, progress: [percent], no_progress: 1s", ""),
            ("called", "", "poll: { base: 10m, max: 10m }", ", callback: \"<<$callback_url>>\""),
            ("moody", pausing, "poll: { base: 100ms, max: 100ms }", ""),
            (
                "moody_looking",
                "lookup_request_template: { url: \"/jobs\", query: { key: \"<<$submission_key>>\" } }\n\(pausing)",
                "poll: { base: 100ms, max: 100ms }, lookup_external_id: [jobs, 0, id]", ""
            ),
            ("moody_brief", pausing, "poll: { base: 100ms, max: 100ms }, deadline: 8s", ""),
            ("moody_patient", pausing, "poll: { base: 100ms, max: 100ms }, progress: [percent], no_progress: 8s", ""),
            ("slow_brief", "rate: 2/h", "poll: { base: 100ms, max: 100ms }, deadline: 8s", ""),
        ]
        let declared = sources.map { key, also, job, callback in
            """
              \(key):
                base_url: \(url)
                run_request_template:
                  url: /jobs
                  body: { names: "<<$objects>>", key: "<<$submission_key>>"\(callback) }
                status_request_template: { url: "/jobs/<<$run_external_id>>" }
                delivery_request_template: { url: "/jobs/<<$run_external_id>>/result" }
                abort_request_template: { method: DELETE, url: "/jobs/<<$run_external_id>>" }
                cleanup_request_template: { method: POST, url: "/jobs/<<$run_external_id>>/cleanup" }
                \(also.split(separator: "\n").map(String.init).joined(separator: "\n    "))
                job: { external_id: [id], status: [status], done: [completed], failed: [error], \(job) }
                max_objects: 10
                retry: { attempts: 4, base: 50ms, max: 100ms }
                object_source: { company: [results, "*", name] }
                datapoint_source: { company: { legal_name: [results, "*", legal_name] } }
            """
        }
        return """
            organization: acme
            object_types: { company: { datapoints: { legal_name: text } } }
            sources:
            \(declared.joined(separator: "\n"))
            activities:
              order: { type: enrichment, object_type: company, sources: [plain] }
              order_and_look_up: { type: enrichment, object_type: company, sources: [looking] }
              order_once: { type: enrichment, object_type: company, sources: [once] }
              order_briefly: { type: enrichment, object_type: company, sources: [brief] }
              order_patiently: { type: enrichment, object_type: company, sources: [patient] }
              order_at_a_moody_api: { type: enrichment, object_type: company, sources: [moody] }
              order_and_look_up_at_a_moody_api: { type: enrichment, object_type: company, sources: [moody_looking] }
              order_briefly_at_a_moody_api: { type: enrichment, object_type: company, sources: [moody_brief] }
              order_patiently_at_a_moody_api: { type: enrichment, object_type: company, sources: [moody_patient] }
              order_briefly_at_a_slow_api: { type: enrichment, object_type: company, sources: [slow_brief] }
              order_with_callback: { type: enrichment, object_type: company, sources: [called] }
            """
    }
}

/// Lends all of Weir and an API that takes orders.
func withJobs(
    executors: Int = 1, lease: String = Platform.Options().lease, _ body: (Platform, StubJobs) async throws -> Void
) async throws {
    let api = try StubJobs()
    try await withPlatform(.init(counts: [.executor: executors], lease: lease)) { platform in
        try await platform.database.apply(JobCatalogue.yaml(api.url))
        do {
            try await body(platform, api)
        } catch {
            await api.stop()
            throw error
        }
        await api.stop()
    }
}

extension TestDatabase {
    /// Whether nothing is left to do about any job.
    func hasNoJobs() async throws -> Bool {
        try await value(Bool.self, "select not exists (select from public.external_job)")
    }

    /// Changes something.
    func run(_ sql: String) async throws {
        _ = try await pool.execute(Statement("test", sql))
    }
}
