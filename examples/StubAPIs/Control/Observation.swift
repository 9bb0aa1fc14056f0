import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Stands before an API: counts its calls, holds its limits, and misbehaves as planned.
struct Observation: RouterMiddleware {
    typealias Context = BasicRequestContext

    let state: APIState

    private static let kinds: Set<Misbehavior.Kind> = [
        .status, .delay, .notJSON, .errorInside, .empty, .redirect, .slowBody, .endlessBody, .gzipBomb, .cutBody,
        .lostCall,
    ]

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let isAllowed = state.begin(route: "\(request.method) \(context.endpointPath ?? request.uri.path)")
        do {
            let response = try await answer(request, context: context, isAllowed: isAllowed, next: next)
            state.end(status: response.status.code)
            return response
        } catch {
            state.end(status: (error as? any HTTPResponseError)?.status.code ?? 500)
            throw error
        }
    }

    private func answer(
        _ request: Request, context: Context, isAllowed: Bool, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        // The slowness that was asked for.
        if let latency = state.settings.latencyMs { try await Task.sleep(for: .milliseconds(latency)) }
        guard isAllowed else { return .failure(.tooManyRequests, code: "TOO_MANY_REQUESTS", retryAfter: "1") }
        guard let misbehavior = state.take(Self.kinds, path: request.uri.path) else {
            return try await next(request, context)
        }
        switch misbehavior.kind {
        case .status:
            return .failure(
                .init(code: misbehavior.status), code: "HTTP_\(misbehavior.status)", retryAfter: retryAfter(misbehavior)
            )
        case .delay:
            // The slowness that was asked for.
            try await Task.sleep(for: .milliseconds(misbehavior.milliseconds))
            return try await next(request, context)
        case .notJSON:
            return Response(
                status: .ok, headers: [.contentType: "text/html"],
                body: .init(byteBuffer: ByteBuffer(string: "<html><body>We are down for maintenance.</body></html>")))
        case .errorInside:
            return .failure(.ok, code: misbehavior.code, retryAfter: retryAfter(misbehavior))
        case .empty:
            return Response(status: .ok, headers: [.contentType: "application/json"])
        case .redirect:
            return Response(status: .found, headers: [.location: misbehavior.location])
        case .slowBody:
            return try await next(request, context).slowed(by: .milliseconds(misbehavior.milliseconds))
        case .endlessBody:
            return .endless
        case .gzipBomb:
            return .gzipBomb
        case .cutBody:
            return try await next(request, context).cut()
        case .lostCall:
            return .lost
        case .repeatedCursor, .samePage, .foreignPage, .noJobID, .jobFails, .jobHangs, .jobLosesProgress, .jobIsLost,
            .jobNamesOthers, .forgedCallback:
            return try await next(request, context)
        }
    }

    private func retryAfter(_ misbehavior: Misbehavior) -> String? {
        misbehavior.retryAfter.map { seconds in
            switch misbehavior.retryAfterForm {
            case .seconds: String(seconds)
            case .date: Self.httpDate(Date(timeIntervalSinceNow: Double(seconds)))
            }
        }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`
    private static func httpDate(_ date: Date) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(identifier: "GMT")
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss 'GMT'"
        return formatter.string(from: date)
    }
}
