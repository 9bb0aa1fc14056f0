import Assembly
import Contracts
import HTTPTypes
import Hummingbird
import JSON
import Runtime
import Store

/// `/v1/callbacks/{exchange}`: an API says that something has happened to a job (`<<$callback_url>>`).
///
/// The address is signed, and that is all that is believed: what comes with it is not read. The job is looked at at once.
struct CallbackRoutes: Sendable {
    let jobs: JobStore
    let links: CallbackLinks?
    let hints: HintPublisher
    let clock: WallClock

    func add(to router: Router<BasicRequestContext>) {
        router.group("v1/callbacks").post(":exchange", use: callBack).get(":exchange", use: callBack)
    }

    @Sendable private func callBack(_ request: Request, context: BasicRequestContext) async throws -> Response {
        let query = request.uri.queryParameters
        guard let exchange = RunRequestID(try context.parameters.require("exchange")),
            let expires = query["expires"].flatMap({ Int64($0) }), let signature = query["signature"], let links,
            links.accepts(
                signature: String(signature), of: exchange, expires: expires,
                now: clock.millisecondsSinceEpoch() / 1000)
        else {
            throw Problem(
                code: "link_not_valid", status: 403, title: "The link is not valid",
                detail: "It has expired or was changed. Use the address as it was given with the job.")
        }
        // Also for a job that is over: whoever calls back twice has done nothing wrong.
        if let source = try await jobs.callBack(exchange) { hints.say(.runReady(source)) }
        return Response(status: .noContent)
    }
}
