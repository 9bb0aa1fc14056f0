import Hummingbird

/// What tests and people tell the stubs, and ask of them.
///
/// - `GET /control/<api>`: the counts
/// - `DELETE /control/<api>`: forgets counts, settings and misbehaviors
/// - `PUT /control/<api>/settings`: limits, latency, life of tokens, polls of jobs
/// - `POST /control/<api>/misbehaviors`: a list of ``Misbehavior``
/// - `POST /control/crm/revoke`: all tokens become stale
struct ControlAPI {
    let states: [String: APIState]
    let tokens: TokenIssuer

    func add(to router: Router<BasicRequestContext>) {
        let group = router.group("control")
        group.get(":api") { _, context -> Response in Response.json(try state(context).counts) }
        group.delete(":api") { _, context -> Response in
            try state(context).reset()
            return Response(status: .noContent)
        }
        group.put(":api/settings") { request, context -> Response in
            try state(context).set(try await request.json(as: APIState.Settings.self))
            return Response(status: .noContent)
        }
        group.post(":api/misbehaviors") { request, context -> Response in
            try state(context).plan(try await request.json(as: [Misbehavior].self))
            return Response(status: .noContent)
        }
        group.post(":api/revoke") { _, context -> Response in
            _ = try state(context)
            tokens.revokeAll()
            return Response(status: .noContent)
        }
    }

    private func state(_ context: BasicRequestContext) throws -> APIState {
        let name = try context.parameters.require("api")
        guard let state = states[name] else {
            throw HTTPError(.notFound, message: "There is no API \(name); known are \(states.keys.sorted()).")
        }
        return state
    }
}
