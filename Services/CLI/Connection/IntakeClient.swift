import JSON
import Outbound
import Runtime

/// Intake's HTTP API as commands use it.
struct IntakeClient: Sendable {
    /// The longest result that is fetched, in bytes.
    static let resultBytesMax = 1 << 30
    /// How long one exchange may take unless told otherwise.
    static let timeoutDefault: Duration = .seconds(60)

    let baseURL: String
    private let apiKey: String
    private let http: OutboundClient

    /// Lends a client.
    static func withClient<Output: Sendable>(
        _ options: IntakeOptions, _ context: CommandContext, _ body: (IntakeClient) async throws -> Output
    ) async throws -> Output {
        try await withClient(url: context.intakeURL(options), apiKey: context.apiKey(options), body)
    }

    /// Lends a client for an address and a key.
    static func withClient<Output: Sendable>(
        url: String, apiKey: String, _ body: (IntakeClient) async throws -> Output
    ) async throws -> Output {
        var configuration = OutboundClient.Configuration()
        // The address comes from whoever runs the command, not from data: it may be on loopback or in a private network.
        configuration.allowedNetworks = ["0.0.0.0/0", "::/0"]
        configuration.connectionsMax = 4
        configuration.responseBytesMax = resultBytesMax
        configuration.bufferedBytesMax = resultBytesMax
        configuration.userAgent = "weir-cli/\(ServiceVersion.current)"
        let http = try OutboundClient(configuration: configuration, logger: CommandContext.silentLogger)
        do {
            let output = try await body(IntakeClient(baseURL: url, apiKey: apiKey, http: http))
            await http.close()
            return output
        } catch {
            await http.close()
            throw error
        }
    }

    /// Asks for an activity, on some objects or to find some.
    func submit(
        activity: String, objects: [String]?, input: JSONObject = [:], idempotencyKey: String?
    ) async throws -> AcceptedRequest {
        try AcceptedRequest(
            try await submit(.activity, "activity", activity, objects: objects, input: input, idempotencyKey))
    }

    /// Asks for a workflow.
    func submit(
        workflow: String, objects: [String]?, input: JSONObject, idempotencyKey: String?
    ) async throws -> AcceptedRequest {
        try AcceptedRequest(
            ofWorkflow: try await submit(
                .workflow, "workflow", workflow, objects: objects, input: input, idempotencyKey))
    }

    private func submit(
        _ kind: RequestKind, _ member: String, _ key: String, objects: [String]?, input: JSONObject,
        _ idempotencyKey: String?
    ) async throws -> AnswerReader {
        var headers = [(name: "content-type", value: "application/json")]
        if let idempotencyKey { headers.append((name: "idempotency-key", value: idempotencyKey)) }
        var body = JSONWriter(capacity: 64 + (objects ?? []).reduce(0) { $0 + $1.utf8.count + 3 })
        body.beginObject()
        body.key(member)
        body.string(key)
        if let objects {
            body.key("objects")
            body.beginArray()
            for object in objects { body.string(object) }
            body.endArray()
        }
        if !input.isEmpty {
            body.key("input")
            body.value(.object(input))
        }
        body.endObject()
        return try AnswerReader(
            parsing: try await exchange("POST", "/v1/\(kind.rawValue)", headers: headers, body: body.take()))
    }

    /// How a request stands.
    func status(of id: String, timeout: Duration = Self.timeoutDefault) async throws -> RequestOverview {
        try RequestOverview(AnswerReader(parsing: try await exchange("GET", Self.path(id), timeout: timeout)))
    }

    /// How a request for a workflow stands.
    func workflowStatus(of id: String) async throws -> WorkflowOverview {
        try WorkflowOverview(AnswerReader(parsing: try await exchange("GET", Self.path(id, .workflow))))
    }

    /// How a request stands, whatever it is for.
    func standing(of id: String) async throws -> RequestStanding {
        try await eitherKind { kind in
            switch kind {
            case .activity: .activity(try await status(of: id))
            case .workflow: .workflow(try await workflowStatus(of: id))
            }
        }
    }

    /// What happened to a request.
    func timeline(of id: String, _ kind: RequestKind = .activity) async throws -> RequestTimeline {
        try RequestTimeline(AnswerReader(parsing: try await exchange("GET", Self.path(id, kind) + "/timeline")))
    }

    /// Does something that there is for activities alone; says where it is to be had when the id is that of a request for a workflow.
    func activitiesOnly<Output>(_ id: String, _ body: () async throws -> Output) async throws -> Output {
        do {
            return try await body()
        } catch let unknown as CommandError where unknown.httpStatus == 404 {
            guard let workflow = try? await workflowStatus(of: id) else { throw unknown }
            throw CommandError(
                "\(id) is a request for the workflow \(TerminalText.safe(workflow.workflow ?? "")), and this is about one step of it",
                details: workflow.phases.flatMap(\.steps).map { TerminalText.safe("\($0.key): \($0.request)") },
                remedy: "Give the request of a step, such as those above")
        }
    }

    /// Does something with a request of which only the id is known: as one for an activity, and where there is none of that id, as one
    /// for a workflow.
    private func eitherKind<Output>(_ body: (RequestKind) async throws -> Output) async throws -> Output {
        do {
            return try await body(.activity)
        } catch let unknown as CommandError where unknown.httpStatus == 404 {
            do {
                return try await body(.workflow)
            } catch let error as CommandError where error.httpStatus == 404 {
                throw unknown
            }
        }
    }

    /// How good the data of a request is.
    func quality(of id: String) async throws -> QualityOverview {
        try await activitiesOnly(id) {
            try QualityOverview(AnswerReader(parsing: try await exchange("GET", Self.path(id) + "/quality")))
        }
    }

    /// How good the data of a source is since a moment.
    ///
    /// - Parameter key: letters, digits and `_`.
    func quality(ofSource key: String, since: String) async throws -> QualityOverview {
        try QualityOverview(
            AnswerReader(parsing: try await exchange("GET", "/v1/sources/\(key)/quality?since=\(since)")))
    }

    /// One page of the organization's requests of one kind, the newest first.
    ///
    /// - Parameters:
    ///   - activity: only those for the activity of this key.
    ///   - workflow: only those for the workflow of this key.
    func list(
        _ kind: RequestKind, states: [String], activity: String?, workflow: String?, limit: Int, cursor: String?
    ) async throws -> AnswerReader {
        var query = ["limit=\(limit)"] + states.map { "state=\($0)" }
        if let activity { query.append("activity=\(activity)") }
        if let workflow { query.append("workflow=\(workflow)") }
        if let cursor { query.append("cursor=\(cursor)") }
        return try AnswerReader(
            parsing: try await exchange("GET", "/v1/\(kind.rawValue)?" + query.joined(separator: "&")))
    }

    /// The workflows of the organization.
    func workflows() async throws -> [DeclaredWorkflow] {
        try DeclaredWorkflow.all(in: AnswerReader(parsing: try await exchange("GET", "/v1/workflows")))
    }

    /// Gives a request up.
    func cancel(_ id: String, reason: String?) async throws -> RequestAction {
        let body = JSONObject(reason.map { [("reason", .string($0))] } ?? [])
        return try await eitherKind { kind in
            try RequestAction(AnswerReader(parsing: try await post(Self.path(id, kind) + "/cancel", body)))
        }
    }

    /// Takes one page of the ended runs of a request up again, or says which would be.
    func retry(_ id: String, _ body: JSONObject) async throws -> AnswerReader {
        // A workflow's retry knows neither: both are about one of its steps.
        if body["dry_run"] != nil || body["source"] != nil {
            return try await activitiesOnly(id) {
                try AnswerReader(parsing: try await post(Self.path(id) + "/retry", body))
            }
        }
        return try await eitherKind { kind in
            try AnswerReader(parsing: try await post(Self.path(id, kind) + "/retry", body))
        }
    }

    /// Maps one page of the stored answers of a request anew, or shows what that would change.
    func replay(_ id: String, _ body: JSONObject) async throws -> AnswerReader {
        try await activitiesOnly(id) {
            try AnswerReader(parsing: try await post(Self.path(id) + "/replay", body))
        }
    }

    /// Takes one page of ended runs up again, or says which would be.
    func retryRuns(_ body: JSONObject) async throws -> AnswerReader {
        try AnswerReader(parsing: try await post("/v1/runs/retry", body))
    }

    func post(_ path: String, _ body: JSONObject) async throws -> [UInt8] {
        try await exchange(
            "POST", path, headers: [(name: "content-type", value: "application/json")],
            body: JSONValue.object(body).encoded())
    }

    /// The result of a finished request.
    ///
    /// - Parameter format: `ndjson` or `json`.
    func result(of id: String, format: String) async throws -> [UInt8] {
        try await activitiesOnly(id) {
            try await exchange("GET", Self.path(id) + "/result?format=\(format)", timeout: .seconds(600))
        }
    }

    /// What stands at a path, headers included.
    func get(_ path: String, headers: [(name: String, value: String)] = []) async throws -> OutboundResponse {
        try await answer("GET", path, headers: headers)
    }

    func exchange(
        _ method: String, _ path: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = Self.timeoutDefault
    ) async throws -> [UInt8] {
        try await answer(method, path, headers: headers, body: body, timeout: timeout).body
    }

    private func answer(
        _ method: String, _ path: String, headers: [(name: String, value: String)] = [], body: [UInt8]? = nil,
        timeout: Duration = Self.timeoutDefault
    ) async throws -> OutboundResponse {
        let request = OutboundRequest(
            method: method, url: baseURL + path,
            headers: headers + [
                (name: "accept", value: "application/json, application/x-ndjson, application/problem+json")
            ]
                + [(name: "authorization", value: "Bearer \(apiKey)")],
            body: body, timeout: timeout)
        let answer = try await http.send(request)
        guard (200..<300).contains(answer.status) else { throw ProblemAnswer(answer).error(url: baseURL + path) }
        return answer
    }

    static func path(_ id: String, _ kind: RequestKind = .activity) throws(CommandError) -> String {
        "/v1/\(kind.rawValue)/\(try segment(id, "the id of a request", remedy: "'weir submit' prints the id"))"
    }

    /// A word that can stand in a path: ids and keys are letters, digits, hyphens and low lines; anything else cannot be one.
    ///
    /// - Parameter what: what it should be.
    static func segment(_ word: String, _ what: String, remedy: String) throws(CommandError) -> String {
        let isPlain = word.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"):
                true
            default: false
            }
        }
        guard isPlain, !word.isEmpty else {
            throw .usage("'\(TerminalText.safe(word))' is not \(what)", remedy: remedy)
        }
        return word
    }
}
