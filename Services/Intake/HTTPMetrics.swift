import HTTPTypes
import Hummingbird
import Runtime

/// Counts HTTP requests by the route that they take, so that ids in paths make no series of their own.
///
/// Stands before whatever makes answers of errors, and so sees the answers that clients get.
struct HTTPMetrics<Context: RequestContext>: RouterMiddleware {
    private static var methods: Set<HTTPRequest.Method> { [.get, .head, .post, .put, .patch, .delete, .options] }

    private let registry: PrometheusRegistry
    private let inFlight: PrometheusGauge

    init(_ registry: PrometheusRegistry) {
        self.registry = registry
        inFlight = registry.gauge("weir_http_requests_in_flight", "HTTP requests that are being answered.")
    }

    func handle(
        _ request: Request, context: Context, next: (Request, Context) async throws -> Response
    ) async throws -> Response {
        let start = ContinuousClock.now
        inFlight.add(1)
        defer { inFlight.add(-1) }
        do {
            let response = try await next(request, context)
            note(request, context, status: response.status.code, since: start)
            return response
        } catch {
            note(request, context, status: (error as? any HTTPResponseError)?.status.code ?? 500, since: start)
            throw error
        }
    }

    private func note(_ request: Request, _ context: Context, status: Int, since start: ContinuousClock.Instant) {
        // A path that leads nowhere and a method that nobody knows are the client's choice: they have one series between them.
        let route = context.endpointPath.flatMap { $0.hasPrefix("/") ? $0 : nil } ?? "none"
        let method = Self.methods.contains(request.method) ? request.method.rawValue : "other"
        registry.counter(
            "weir_http_requests_total", "HTTP requests answered, by route and class of the status.",
            labels: [("route", route), ("method", method), ("status", "\(status / 100)xx")]
        ).increment()
        registry.histogram(
            "weir_http_request_seconds", "How long it takes until the head of the answer is there.",
            labels: [("route", route)], buckets: .seconds
        ).record(start.duration(to: .now))
    }
}
