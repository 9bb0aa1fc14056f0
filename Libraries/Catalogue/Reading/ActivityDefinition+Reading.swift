import Contracts
import Factors
import JSON

extension ActivityDefinition {
    static let timeoutBounds = 1000...2_592_000_000
    /// Seven days.
    static let timeoutStandard: Int? = 604_800_000
    static let maxObjectsBounds = 1...100_000
    static let maxObjectsStandard: Int? = 1_000

    init?(key: String, reading cursor: DocumentCursor, scope: OrganizationScope) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: [
            "name", "type", "object_type", "sources", "webhook_endpoints", "input", "max_objects", "factors", "setup",
            "timeout",
        ])
        let type = body.required("type", "what it does: enrichment, extract or sourcing")?
            .choice(of: ActivityType.self)
        let objectType = body.required("object_type", "the type of the objects it works on")?
            .reference(to: "object type", among: scope.objectTypes)
        let sources = body.required("sources", "the sources it asks, such as [crm]")?
            .references(to: "source", among: scope.sources)
        if let sources, sources.isEmpty {
            body["sources"]?.report(.missingReference, "the list is empty", remedy: "name at least one source")
        }
        if let sources, let objectType {
            for (index, source) in sources.enumerated() where scope.typesMapped[source]?.contains(objectType) == false {
                body["sources"]?.list()?[index].report(
                    .missingReference, "the source \(source) maps no datapoint of \(objectType)",
                    remedy: "add datapoint_source with \(objectType) to the source, or leave it out here"
                )
            }
        }
        var endpoints: [String]? = []
        if let list = body["webhook_endpoints"] {
            endpoints = list.references(to: "webhook endpoint", among: scope.webhookEndpoints)
        }
        var setup: JSONValue? = .object(JSONObject())
        if let given = body["setup"] {
            setup = given.mapping() == nil ? nil : given.json()
        }
        let timeout = body["timeout"].map { $0.milliseconds(in: Self.timeoutBounds) } ?? Self.timeoutStandard
        let input = body["input"].map { ActivityInput(reading: $0) } ?? ActivityInput()
        let maxObjects = body["max_objects"].map { $0.integer(in: Self.maxObjectsBounds) } ?? Self.maxObjectsStandard
        let factors = body["factors"].map { $0.factorExpression(objectType: objectType, scope: scope) }
        let name = body.name(orKey: key)
        if let type { body.checkKeys(of: type) }
        guard let type, let objectType, let sources, let endpoints, let setup, let timeout, let input, let maxObjects
        else { return nil }
        if case .some(.none) = factors { return nil }
        body.checkSources(sources, of: type, objectType: objectType, input: input, scope: scope)
        self.init(
            key: key, name: name, type: type, objectType: objectType, sources: sources, webhookEndpoints: endpoints,
            input: input, maxObjects: maxObjects, factors: factors ?? nil, setup: setup, timeoutMilliseconds: timeout
        )
    }
}
