import Assembly
import Contracts
import HTTPTypes
import Hummingbird
import Logging
import NIOCore

extension Problem {
    /// The problem as an HTTP answer of type `application/problem+json`, with further header fields if there are any.
    func response(_ further: HTTPFields = [:]) -> Response {
        var headers = further
        headers[.contentType] = "application/problem+json"
        if status == 401 { headers[.wwwAuthenticate] = "Bearer" }
        if status == 503 { headers[.retryAfter] = "1" }
        return Response(
            status: .init(code: status), headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: encoded())))
    }

    static let unauthorized = Problem(
        code: "unauthorized", status: 401, title: "An API key is needed",
        detail: "Send the header 'Authorization: Bearer weir_…' with a key made by 'weir key create'.")

    static let unknownKey = Problem(
        code: "unauthorized", status: 401, title: "The API key is not known",
        detail: "There is no such API key, or it was revoked. Send another one made by 'weir key create'.")

    static func notFound(_ what: String) -> Problem {
        Problem(code: "not_found", status: 404, title: "There is no such thing", detail: what)
    }

    static func tooLarge(_ maximum: Int) -> Problem {
        Problem(
            code: "body_too_large", status: 413, title: "The body is too large",
            detail: "A request has at most \(maximum) bytes; split it.")
    }
}

/// Makes a problem of every error, so that a client always gets one form.
struct ProblemMiddleware<Context: RequestContext>: RouterMiddleware {
    let limits: HTTPLimits

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        do {
            return try await next(request, context)
        } catch let problem as Problem {
            return problem.response()
        } catch let error as any HTTPResponseError {
            return Self.problem(for: error, request, limits).response()
        } catch {
            context.logger.about(request.trace).error(
                "A request failed.", metadata: ["path": "\(request.uri.path)", "error": "\(error)"])
            return Problem(
                code: "unavailable", status: 503, title: "Weir cannot answer now",
                detail: "Something that this needs, such as the database, is away. Try again in a moment."
            ).response()
        }
    }

    private static func problem(for error: any HTTPResponseError, _ request: Request, _ limits: HTTPLimits) -> Problem {
        switch error.status.code {
        case 404: .notFound("There is nothing at \(request.method.rawValue) \(request.uri.path).")
        case 405:
            Problem(
                code: "method_not_allowed", status: 405, title: "The method is not allowed",
                detail: "\(request.method.rawValue) does not work at \(request.uri.path).")
        case 413: .tooLarge(limits.bodyBytesMax)
        default:
            Problem(
                code: "bad_request", status: error.status.code, title: error.status.reasonPhrase,
                detail: "The request could not be read.")
        }
    }
}

/// The bounds of the HTTP interface.
struct HTTPLimits: Sendable {
    /// The longest body of a request.
    var bodyBytesMax = 8 << 20
}
