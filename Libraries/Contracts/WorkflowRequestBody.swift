public import JSON

/// What a client asks for: the body of `POST /v1/workflow-requests` and the data of the command `dev.weir.workflow.requested.v1`.
public struct WorkflowRequestBody: Sendable, Equatable {
    /// The key of the workflow.
    public let workflow: String
    /// The names of the objects, in the client's order, each once; nil when the body names none.
    public let objects: [String]?
    /// What the body says besides, as it came: ``check(_:limits:)`` tells whether the workflow takes it.
    public let input: JSONObject

    /// Checks what can be told without knowing the workflow.
    ///
    /// - Throws: ``Problem`` `invalid_request` with every violation and its JSON path.
    public init(
        _ body: JSONValue, limits: ActivityRequestBody.Limits = ActivityRequestBody.Limits()
    ) throws(Problem) {
        var check = RequestCheck(subject: "workflow", limits: limits)
        guard case .object(let object) = body else {
            throw Problem.invalidRequest([
                .init(
                    path: "$",
                    message: "must be an object with \"workflow\", \"objects\" and \"input\", not \(body.kindName)")
            ])
        }
        check.keys(of: object)
        let workflow = check.name(object["workflow"])
        objects = object["objects"].map { check.objects($0) }
        input = check.input(object["input"])
        guard let workflow, check.violations.isEmpty else { throw Problem.invalidRequest(check.violations) }
        self.workflow = workflow
    }
}
