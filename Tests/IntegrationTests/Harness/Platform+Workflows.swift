import JSON

extension Platform {
    /// Declares the workflow `pipeline`, see ``TestDatabase/declareWorkflow(_:)``.
    func declareWorkflow(_ settings: JSONValue = [:]) async throws { try await database.declareWorkflow(settings) }
}

extension TestDatabase {
    /// Declares the workflow `pipeline` of the first organization: `search` (phase 1) finds companies, `details` (2) enriches them, `verdict` (3)
    /// qualifies them. Its end goes to the receiver; its activities have no endpoints of their own.
    ///
    /// - Parameter settings: further members of the steps' `config`, by step.
    func declareWorkflow(_ settings: JSONValue = [:]) async throws {
        _ = try await column(
            String.self,
            """
            with step as (
                select s.key, s.phase, a.org_id, a.id, s.next
                from (values ('search', 'find_twice', 1, 'quiet'), ('details', 'quiet', 2, 'qualify_known'), ('verdict', 'qualify_known', 3, null))
                         as s(key, activity, phase, next)
                join public.activity as a on a.key = s.activity
                join public.org as o on o.id = a.org_id and o.key = 'acme'
            ), declared as (
                insert into public.workflow (org_id, key, name, data)
                select s.org_id, 'pipeline', 'Pipeline', jsonb_object_agg(s.key, jsonb_build_object(
                    'id', s.id, 'type', 'activity',
                    'setup', jsonb_build_object('config', jsonb_build_object('phase', s.phase) || coalesce($1::text::jsonb -> s.key, '{}')),
                    'destination', jsonb_build_object('activity', jsonb_build_object('id', coalesce(
                        (select jsonb_agg(n.id) from public.activity as n where n.org_id = s.org_id and n.key = s.next), '[]')))))
                from step as s
                group by s.org_id
                returning org_id, id
            )
            insert into public.workflow_endpoint (org_id, workflow_id, webhook_endpoint_id)
            select d.org_id, d.id, e.id from declared as d join public.webhook_endpoint as e on e.org_id = d.org_id
            returning workflow_id::text
            """, settings.description)
    }
}

extension IntakeClient {
    static let workflows = "/v1/workflow-requests"

    /// Asks for the workflow `pipeline` and gives the id of the request.
    func submitWorkflow(query: String = "x") async throws -> String {
        let answer = try await post(
            ["workflow": "pipeline", "input": ["query": .string(query)]], to: Self.workflows)
        guard answer.status == 202, let id = answer.json["id"]?.stringValue else {
            throw HarnessError("not accepted: HTTP \(answer.status) \(answer.json)")
        }
        return id
    }

    /// The workflow request as `GET` shows it.
    func workflow(_ id: String) async throws -> JSONValue {
        try await get("\(Self.workflows)/\(id)").json
    }

    /// Waits until a workflow request is in a state, and gives it.
    ///
    /// - Throws: ``HarnessError`` when it ends in another one.
    func wait(forWorkflow id: String, toBe state: String) async throws -> JSONValue {
        try await wait(for: "workflow request", toBe: state) { try await workflow(id) }
    }
}

extension JSONValue {
    /// A step of a workflow request, by its key.
    func step(_ key: String) -> JSONValue {
        let steps = self["phases"]?.arrayValue?.flatMap { $0["steps"]?.arrayValue ?? [] } ?? []
        return steps.first { $0["step"]?.stringValue == key } ?? .null
    }

    /// State and substate in one text.
    var condition: String {
        [self["state"]?.stringValue, self["substate"]?.stringValue].compactMap(\.self).joined(separator: " ")
    }
}
