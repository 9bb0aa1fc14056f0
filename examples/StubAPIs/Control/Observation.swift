import Foundation
import Hummingbird
import NIOCore

/// Stands before an API: counts its calls, holds its limits, and misbehaves as planned.
struct Observation: RouterMiddleware {
    typealias Context = BasicRequestContext

    let state: APIState

    private static let kinds: Set<Misbehavior.Kind> = [.status, .delay, .notJSON, .errorInside, .slowBody]

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
            try await Task.sleep(for: .milliseconds(misbehavior.milliseconds))
            return try await next(request, context)
        case .notJSON:
            return Response(
                status: .ok, headers: [.contentType: "text/html"],
                body: .init(byteBuffer: ByteBuffer(string: "<html><body>We are down for maintenance.</body></html>")))
        case .errorInside:
            return .failure(.ok, code: misbehavior.code, retryAfter: nil)
        case .slowBody:
            let response = try await next(request, context)
            return try await slowed(response, by: .milliseconds(misbehavior.milliseconds))
        case .repeatedCursor, .jobFails, .jobHangs, .jobLosesProgress:
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

    private func slowed(_ response: Response, by pause: Duration) async throws -> Response {
        let whole = BodyCollector()
        try await response.body.write(whole)
        let bytes = whole.bytes
        var slow = response
        slow.body = ResponseBody(contentLength: bytes.count) { writer in
            for byte in bytes {
                try await writer.write(ByteBuffer(bytes: [byte]))
                try await Task.sleep(for: pause)
            }
            try await writer.finish(nil)
        }
        return slow
    }
}
