import Answers
import Assembly
import Contracts
import Hummingbird
import JSON
import Store

/// Mapping the stored answers of a request anew.
extension RequestRoutes {
    @Sendable func replay(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, client) = try await (requestID(context), client(of: request))
        let given = try ActionBody(
            parsing: try await body(of: request), known: ["reason", "mapping", "dry_run", "cursor"])
        let first = try given.place
        try await checkReplay(of: id, client, isFirst: first == nil)
        var mappings: [SourceID: RequestMapping] = [:]
        if let mapping = given.mapping {
            mappings = try ReplayMappings(names: await sources.mappingNames(of: id, org: client.org)).read(mapping)
        }
        if try given.isDryRun {
            return .json(try await difference(id, client.org, from: first ?? 0, mappings))
        }
        let page = try await runs.replay(
            id, org: client.org, from: first ?? 0, mappings: mappings, actor: client.actor,
            reason: try given.reason ?? "replayed by \(client.actor)")
        if page.replayed > 0 { hints.say(.answerRecorded) }
        return .json(
            [
                "replayed": .number(JSONNumber(page.replayed)), "reopened": .bool(page.isReopened),
                "cursor": page.next.map { .string("\($0)") } ?? .null,
            ], status: .accepted)
    }

    /// A later page finds the request at work already: the one before has taken it up again.
    private func checkReplay(of id: ActivityRequestID, _ client: Client, isFirst: Bool) async throws {
        guard let status = try await requests.status(of: id, org: client.org) else { throw unknown(id) }
        let isOver = ["done", "delivered", "failed", "timedout"].contains(status.state)
        guard isOver || !isFirst && status.state == "in_progress" && status.substate != "stopping" else {
            throw Problem(
                code: "request_is_not_over", status: 409, title: "The request is not over",
                detail:
                    "The request is \(status.state); \(Quantity(status.runs.open, "run")) of it \(status.runs.open == 1 ? "is" : "are") open. Replay it when it is over."
            )
        }
        guard try await runs.areKept(of: id) else {
            throw Problem(
                code: "runs_not_kept", status: 409, title: "The runs are not kept any more",
                detail:
                    "The request is so old that runs of it have been dropped, and their answers with them. Ask for the objects again in a new request."
            )
        }
    }

    private func difference(
        _ id: ActivityRequestID, _ org: OrgID, from first: Int, _ mappings: [SourceID: RequestMapping]
    ) async throws -> JSONValue {
        let page = try await runs.replayable(of: id, org: org, from: first)
        let mapper = AnswerMapper(mappings: MappingCache(store: sources, given: mappings))
        let processed = try await mapper.map(page.answers)
        let difference = try await runs.difference(of: processed)
        let failed = processed.filter { !$0.succeeded }
        return [
            "runs": .number(JSONNumber(processed.count)), "failed": .number(JSONNumber(failed.count)),
            "reason": failed.first?.reason.map { .string($0) } ?? .null,
            "datapoints": .array(
                difference.counts.map { count in
                    [
                        "datapoint": .string(count.datapoint), "added": .number(JSONNumber(count.added)),
                        "changed": .number(JSONNumber(count.changed)), "removed": .number(JSONNumber(count.removed)),
                        "unchanged": .number(JSONNumber(count.unchanged)),
                    ]
                }),
            "examples": .array(
                difference.examples.map { example in
                    [
                        "object": .string(example.object), "datapoint": .string(example.datapoint),
                        "old": example.old.map { .string($0) } ?? .null,
                        "new": example.new.map { .string($0) } ?? .null,
                    ]
                }),
            "cursor": page.next.map { .string("\($0)") } ?? .null,
        ]
    }
}
