import Contracts
import Store

extension EndpointRefusal {
    /// The refusal as a client sees it.
    var problem: Problem {
        switch self {
        case .unknownEndpoint: .notFound("There is no such webhook endpoint.")
        case .unknownSecret: .notFound("The endpoint has no such secret, or it signs no more.")
        case .unknownDelivery: .notFound("There is no such delivery.")
        case .disabled(let endpoint, let reason):
            Problem(
                code: "endpoint_is_disabled", status: 409, title: "The endpoint is disabled",
                detail:
                    "The endpoint \(endpoint) gets nothing\(reason.map { ": \($0)" } ?? ""). Enable it first: weir webhook enable \(endpoint), or POST /v1/webhook-endpoints/\(endpoint)/enable."
            )
        case .tooManySecrets(let maximum):
            Problem(
                code: "too_many_secrets", status: 409, title: "The endpoint has too many secrets",
                detail: "At most \(maximum) secrets of an endpoint sign at once. Revoke one first.")
        case .lastSecret:
            Problem(
                code: "last_secret", status: 409, title: "It is the only secret of the endpoint",
                detail:
                    "It is the only secret of the endpoint, and without one nothing can be signed. Make another first, with the grace 0s if this one must not sign any more."
            )
        case .beingPosted:
            Problem(
                code: "delivery_is_being_posted", status: 409, title: "The delivery is being posted now",
                detail: "The delivery is being posted now; see how this attempt ends first.")
        case .superseded:
            Problem(
                code: "delivery_is_superseded", status: 409, title: "The delivery is out of date",
                detail:
                    "The delivery is out of date: its request was taken up again, and the new outcome has a delivery of its own."
            )
        }
    }
}
