import Assembly
import Contracts
import Hummingbird
import JSON
import Runtime
import Store

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What a client may do to a request after it was accepted.
extension RequestRoutes {
    // MARK: Cancelling

    @Sendable func cancel(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, client) = try await (requestID(context), client(of: request))
        let given = try ActionBody(parsing: try await body(of: request), known: ["reason"])
        // A request in progress keeps its state until its runs are closed, so the history would not say who it was.
        let reason = "cancelled by \(client.actor)" + (try given.reason.map { ": \($0)" } ?? "")
        switch try await requests.cancel(id, org: client.org, actor: client.actor, reason: reason) {
        case nil: throw unknown(id)
        case .tooLate(let state):
            let what =
                state == "in_progress"
                ? "All runs of the request are over, and its result is being put together"
                : "The request is \(state) already"
            throw Problem(
                code: "request_is_over", status: 409, title: "The request is over",
                detail: "\(what); there is nothing left to cancel.")
        case .over, .stopping:
            guard let status = try await requests.status(of: id, org: client.org) else { throw unknown(id) }
            return .json(RequestDocuments.action(status), status: .accepted)
        }
    }

    // MARK: Retrying

    @Sendable func retryRequest(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let (id, client) = try await (requestID(context), client(of: request))
        let given = try ActionBody(
            parsing: try await body(of: request), known: ["reason", "states", "source", "cursor", "dry_run"])
        guard let status = try await requests.status(of: id, org: client.org) else { throw unknown(id) }
        if status.state == "in_progress", status.substate == "stopping" {
            throw Problem(
                code: "request_is_stopping", status: 409, title: "The request is being ended",
                detail:
                    "\(Quantity(status.runs.open, "run")) of the request \(status.runs.open == 1 ? "is" : "are") being closed. Retry it when it is over."
            )
        }
        guard try await runs.areKept(of: id) else {
            throw Problem(
                code: "runs_not_kept", status: 409, title: "The runs are not kept any more",
                detail:
                    "The request is so old that runs of it have been dropped. Ask for the objects again in a new request."
            )
        }
        return try await retry(
            RetryFilter(
                scope: .request(id, from: try given.place ?? 0), states: try given.states, source: try given.source),
            client: client, given)
    }

    @Sendable func retryRuns(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let client = try await client(of: request)
        let given = try ActionBody(
            parsing: try await body(of: request),
            known: ["reason", "states", "source", "cursor", "run", "since", "until", "cancelled", "dry_run"])
        let scope: RetryFilter.Scope
        if let run = try given.run {
            try given.refuse(["source", "cursor", "since", "until", "cancelled"], beside: "run")
            scope = .run(run)
        } else {
            let until =
                try given.until ?? Date(timeIntervalSince1970: Double(clock.millisecondsSinceEpoch()) / 1000 + 60)
            let after = try given.cursor.map { text in
                guard let run = RunID(text) else { throw ActionBody.badCursor }
                return run
            }
            let since = try given.since
            guard since <= until else { throw ActionBody.problem("$.until", "it comes before since") }
            scope = .runs(after: after, since: since, until: until)
        }
        return try await retry(
            RetryFilter(
                scope: scope, states: try given.states, source: try given.source,
                includesCancelled: try given.includesCancelled),
            client: client, given)
    }

    private func retry(_ filter: RetryFilter, client: Client, _ given: ActionBody) async throws -> Response {
        if try given.isDryRun {
            let preview = try await refusingRetry(of: filter) { try await runs.previewRetry(filter, org: client.org) }
            return .json(RequestDocuments.preview(preview))
        }
        let page = try await retryPage(filter, client: client, reason: try given.reason)
        return .json(RequestDocuments.retried(page), status: .accepted)
    }

    /// Takes one page of runs up again.
    func retryPage(_ filter: RetryFilter, client: Client, reason: String?) async throws -> RetryPage {
        let page = try await refusingRetry(of: filter) {
            try await runs.retry(
                filter, org: client.org, actor: client.actor, reason: reason ?? "retried by \(client.actor)")
        }
        for source in page.sources { hints.say(.runReady(source)) }
        return page
    }

    /// What cannot be taken up is told to the client.
    private func refusingRetry<Result>(of filter: RetryFilter, _ body: () async throws -> Result) async throws -> Result
    {
        do {
            return try await body()
        } catch NoRetry.unknown {
            throw Problem.notFound("There is no such run.")
        } catch NoRetry.notEnded(let state) {
            throw Problem(
                code: "nothing_to_retry", status: 409, title: "The run did not end without success",
                detail: "The run is \(state); it is taken up again from \(filter.states.joined(separator: ", ")).")
        } catch NoRetry.unexpanded(let request) {
            throw Problem(
                code: "request_not_expanded", status: 409,
                title: "The request was ended before all of its runs were made",
                detail:
                    "With the run, request \(request) would go on making the runs that it lacks. Retry the request if that is meant."
            )
        } catch let error as UnknownSource {
            throw ActionBody.problem(
                "$.source",
                "there is no source \"\(error.key.prefix(100))\"; there are \(error.known.joined(separator: ", "))")
        }
    }
}
