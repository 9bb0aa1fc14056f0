import Contracts
import Postgres
import Runtime
import Sources
import Store

/// A request for two objects that a test moves through its life itself, with the statements of the services and without any.
struct StoredRequest: Sendable {
    static let names = ["Abel", "Bebel"]

    let id: ActivityRequestID
    /// Who claims.
    let worker: WorkerID
    let source: ReadySource
    private let org: OrgID
    private let pool: PostgresPool
    private let ids = IDGenerator()

    /// Applies the catalogue, registers a worker and accepts the request.
    init(_ database: TestDatabase) async throws {
        pool = database.pool
        try await database.apply(CatalogueText(api: "http://127.0.0.1:1", webhooks: "http://127.0.0.1:1").yaml)
        org = try await database.value(OrgID.self, "select id from public.org")
        source = ReadySource(
            org: org,
            source: try await database.value(SourceID.self, "select id from public.source where key = 'registry'"))
        id = ActivityRequestID(ids.next())
        worker = WorkerID(ids.next())
        try await WorkerStore(pool: pool).register(
            worker, service: "test", host: "test", processID: 1, lease: .seconds(3600))
        let request = NewRequest(
            id: id, org: org, activity: "enrich", content: JSONB(#"{"objects":["Abel","Bebel"]}"#), objectCount: 2,
            origin: "http", idempotencyKey: nil, fingerprint: nil, trace: nil)
        let requests = RequestStore(pool: pool)
        guard case .termsChanged(let activity) = try await requests.accept(request, checkedAgainst: nil) else {
            throw HarnessError("accepted without a look at its activity")
        }
        let accepted = try await requests.accept(request, checkedAgainst: activity)
        guard case .accepted = accepted else { throw HarnessError("not accepted: \(accepted)") }
    }

    /// Makes the runs of the first object only, so that the claim is held; nil when the request cannot be claimed.
    func beginExpansion() async throws -> ExpandableRequest? {
        let chunk = chunk(0)
        return try await RequestStore(pool: pool).beginExpansion(of: id, worker: worker) { _ in
            .success(.objects(count: 2, first: chunk))
        }
    }

    /// Makes all runs.
    func expand() async throws {
        guard let request = try await beginExpansion() else { throw HarnessError("nothing to expand") }
        try await finishExpansion(request)
    }

    /// Makes the runs of the other object.
    func finishExpansion(_ request: ExpandableRequest) async throws {
        try await RequestStore(pool: pool).expand(request, chunk: chunk(1), worker: worker)
    }

    private func chunk(_ position: Int) -> ExpansionChunk {
        ExpansionChunk(
            firstPosition: position, names: Self.names[position...position], objectIDs: [ObjectID(ids.next())],
            runIDs: [RunID(ids.next())], isLast: position == 1)
    }

    /// Claims both runs, for an exchange each.
    func claimRuns() async throws -> [ClaimedExchange] {
        try await RunStore(pool: pool).claim(
            source, worker: worker, limit: 2, runsPerExchange: 1, exchangeIDs: ids.next(2).map { RunRequestID($0) })
    }

    /// Records the answers of all runs that are ready.
    func recordAnswers() async throws {
        let log = CallLog(method: "GET", url: "http://127.0.0.1:1", milliseconds: 1)
        let answers = try await claimRuns().map {
            RecordedAnswer(exchange: $0.id, status: 200, contentType: nil, body: [], calls: [log])
        }
        try await RunStore(pool: pool).record(answers, worker: worker)
    }

    /// Records and maps the answers of all runs that are ready.
    func finishRuns(succeeded: Bool = true) async throws {
        try await recordAnswers()
        try await processAnswers(succeeded: succeeded)
    }

    /// Maps all answers that wait.
    func processAnswers(succeeded: Bool = true) async throws {
        _ = try await RunStore(pool: pool).process(runsMax: 10, bytesMax: 1 << 20) { fetched in
            fetched.flatMap(\.runs).map { ProcessedRun(run: $0, succeeded: succeeded) }
        }
    }

    /// Claims the collection of the result; nil when it cannot be claimed.
    func claimResult() async throws -> CollectableRequest? {
        try await ResultStore(pool: pool).claim(id, worker: worker)
    }

    /// Collects the result and makes its delivery.
    func collect(state: String = "done") async throws {
        guard let request = try await claimResult() else { throw HarnessError("nothing to collect") }
        _ = try await ResultStore(pool: pool).finish(
            request, state: state, substate: nil, reason: nil, payload: { [] })
    }

    /// Claims the delivery.
    func claimDeliveries() async throws -> [ClaimedDelivery] {
        let deliveries = DeliveryStore(pool: pool)
        let turns = try await deliveries.work(after: nil, limit: 10).map {
            EndpointTurn(org: $0.org, endpoint: $0.endpoint, room: 10)
        }
        return try await deliveries.claim(turns, worker: worker, probe: .seconds(75))
    }
}
