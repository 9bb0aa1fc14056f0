import Foundation
import HTTPTypes
import Hummingbird

/// Profiles of companies in batches: submit, poll, fetch; HTTP Basic.
///
/// - `POST /batch/v1/batches` `{"companies": […], "callback_url": …}`, with an `Idempotency-Key`
/// - `GET /batch/v1/batches/{id}`, `GET /batch/v1/batches?key=…`
/// - `GET /batch/v1/batches/{id}/results`
/// - `POST /batch/v1/batches/{id}/abort`, `DELETE /batch/v1/batches/{id}`
struct BatchAPI {
    static let username = "batch-user"
    static let password = "batch-password"
    static let companiesMax = 100

    let state: APIState
    let jobs: JobBook
    let callbacks: CallbackSender

    struct Submission: Decodable {
        var companies: [String]
        var callbackUrl: String?
    }

    struct View: Encodable {
        struct Batch: Encodable {
            var id: String?
            var status: JobBook.Status
            var progress: Int
        }

        var batch: Batch
    }

    struct Results: Encodable {
        struct Profile: Encodable {
            var company: String
            var domain: String
            var employees: Int
            var founded: Int
            var city: String
        }

        var results: [Profile]
    }

    func add(to group: RouterGroup<BasicRequestContext>) {
        let group = group.group("v1/batches").add(middleware: BasicAuthentication())
        group.post { request, _ -> Response in try await submit(request) }
        group.get { request, _ -> Response in
            let key = request.uri.queryParameters["key"].map { String($0) } ?? ""
            return .json(["batches": jobs.job(key: key).map { [Self.view($0).batch] } ?? []])
        }
        group.get(":id") { _, context -> Response in
            guard let job = jobs.poll(try context.parameters.require("id")) else { return Self.unknown }
            return .json(Self.view(job))
        }
        group.get(":id/results") { _, context -> Response in
            guard let job = jobs.job(try context.parameters.require("id")) else { return Self.unknown }
            guard job.status == .completed else {
                return .failure(.conflict, code: "NOT_COMPLETED", message: "The batch is \(job.status).")
            }
            // What it does not know is left out, as such APIs do.
            var results = Results(results: job.companies.compactMap { Companies[$0] }.map(Self.profile))
            if job.flaw == .jobNamesOthers {
                for place in results.results.indices { results.results[place].company += " & Sons" }
            }
            return .json(results)
        }
        group.post(":id/abort") { _, context -> Response in
            guard let job = jobs.end(try context.parameters.require("id"), as: .aborted) else { return Self.unknown }
            state.count { $0.jobsAborted += 1 }
            return .json(Self.view(job))
        }
        group.delete(":id") { _, context -> Response in
            guard jobs.remove(try context.parameters.require("id")) else { return Self.unknown }
            state.count { $0.jobsDeleted += 1 }
            return Response(status: .noContent)
        }
    }

    private func submit(_ request: Request) async throws -> Response {
        let submission = try await request.json(as: Submission.self)
        guard (1...Self.companiesMax).contains(submission.companies.count) else {
            return .failure(
                .unprocessableContent, code: "BATCH_SIZE", message: "A batch has 1 to \(Self.companiesMax) companies.")
        }
        let flaw = state.take(Misbehavior.Kind.ofJobs, path: request.uri.path)?.kind
        let (job, isNew) = jobs.submit(
            key: request.headers[.idempotencyKey], companies: submission.companies,
            callbackURL: submission.callbackUrl, flaw: flaw, pollsNeeded: state.settings.jobPolls ?? 2)
        state.count { counts in
            counts.jobsCreated += isNew ? 1 : 0
            counts.jobsRepeated += isNew ? 0 : 1
        }
        if isNew, let url = job.callbackURL {
            switch flaw {
            case nil:
                // Who gives an address is called there and need not poll.
                callbacks.send(to: url) { jobs.end(job.id, as: .completed).map { Self.view($0) } }
            case .forgedCallback:
                callbacks.send(to: CallbackSender.forged(url)) { Self.view(job) }
            default: break
            }
        }
        var view = Self.view(job)
        if state.take([.noJobID], path: request.uri.path) != nil { view.batch.id = nil }
        return .json(view, status: .accepted)
    }

    private static let unknown = Response.failure(.notFound, code: "UNKNOWN_BATCH", message: "There is no such batch.")

    private static func view(_ job: JobBook.Job) -> View {
        View(batch: .init(id: job.id, status: job.status, progress: job.progress))
    }

    private static func profile(_ company: Company) -> Results.Profile {
        Results.Profile(
            company: company.name, domain: company.domain, employees: company.employees, founded: company.founded,
            city: company.place.city)
    }
}

/// Lets through whoever has the batch API's name and password.
private struct BasicAuthentication: RouterMiddleware {
    func handle(
        _ request: Request, context: BasicRequestContext,
        next: (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        guard let given = request.basicCredentials, given == (BatchAPI.username, BatchAPI.password) else {
            return .failure(.unauthorized, code: "BAD_LOGIN", message: "Name or password is wrong.")
        }
        return try await next(request, context)
    }
}

extension HTTPField.Name {
    fileprivate static let idempotencyKey = Self("Idempotency-Key").unsafelyUnwrapped
}
