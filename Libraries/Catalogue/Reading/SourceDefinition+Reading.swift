import Sources

extension SourceDefinition {
    static let maxObjectsBounds = 1...10_000

    init?(key: String, reading cursor: DocumentCursor, scope: OrganizationScope) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(
            known: ["name", "base_url", "max_objects", "object_source", "datapoint_source"]
                + SourceStep.allCases.map(\.key) + SourceSetup.keys
        )
        let name = body.name(orKey: key)
        let baseURL = body["base_url"].map { $0.baseURL() }
        let pagination = body["pagination"].flatMap(Pagination.init(reading:))
        let templates = CheckedTemplates(
            reading: body, baseURL: baseURL, names: scope.variables(ofSource: key), hasJob: body.declaresJob,
            // Of pages that could not be read nothing is known.
            placesCursor: body["pagination"] != nil && pagination?.hasCursor != false
        )
        body.checkSteps()
        if let pagination { body.checkPaging(pagination, templates: templates) }
        let setup = SourceSetup(
            reading: body, baseURL: baseURL, pagination: pagination, templates: templates, scope: scope)
        let maxObjects = body["max_objects"].map { $0.integer(in: Self.maxObjectsBounds) } ?? 1
        let objects = body["object_source"].map { $0.objectMappings(scope: scope) } ?? []
        let datapoints = body["datapoint_source"].map { $0.datapointMappings(scope: scope) } ?? []
        let removed =
            (body["object_source"].map { $0.removedObjectMappings(scope: scope) } ?? [])
            + (body["datapoint_source"].map { $0.removedDatapointMappings(scope: scope) } ?? [])
        guard let templates = templates.definition, let maxObjects else { return nil }
        let ownValues = (scope.variables[key] ?? []).filter { variable in
            scope.inputs[key]?.contains(variable) != true
                && scope.datapoints.values.contains { $0.contains(variable) }
        }
        if let variable = ownValues.first, maxObjects > 1 {
            body["run_request_template"]?.report(
                .conflict, "a request is about up to \(maxObjects) objects, and <<$\(variable)>> is a value of one",
                remedy: "set max_objects to 1, or do without <<$\(variable)>>")
        }
        for type in Set(datapoints.map(\.objectType)).subtracting(objects.map(\.objectType)).sorted()
        where maxObjects > 1 {
            body["datapoint_source"]?.report(
                .conflict,
                "an answer is about up to \(maxObjects) objects, and nothing says which \(type) each value is of",
                remedy: "add object_source with \(type), or set max_objects to 1"
            )
        }
        self.init(
            key: key, name: name, baseURL: baseURL ?? nil, templates: templates, maxObjects: maxObjects, setup: setup,
            objectMappings: objects, datapointMappings: datapoints, removedMappings: removed
        )
    }
}

extension MappingCursor {
    /// Whether a source answers later, by either of the two keys that belong together.
    fileprivate var declaresJob: Bool { self["job"] != nil || self[SourceStep.status.key] != nil }

    /// Logs steps that have no job and a job that has not its steps.
    fileprivate func checkSteps() {
        if self["job"] != nil {
            _ = required(SourceStep.status.key, "the HTTP request that asks how far a job is")
        } else {
            for step in SourceStep.allCases where step != .run {
                self[step.key]?.report(
                    .conflict, "only a source with job has \(step.key)",
                    remedy: "add job: where answers hold its id and its status; or leave this out"
                )
            }
        }
    }

    /// Logs what keeps the pages of an answer from being asked for: of a job's requests, only that for its result can be paged.
    fileprivate func checkPaging(_ pagination: Pagination, templates: CheckedTemplates) {
        guard let cursor = self["pagination"] else { return }
        guard !declaresJob || self[SourceStep.delivery.key] != nil else {
            cursor.report(
                .conflict, "a job's result is paged only where a request fetches it",
                remedy: "add delivery_request_template, or leave pagination out"
            )
            return
        }
        if let paged = templates[declaresJob ? .delivery : .run] { pagination.check(against: paged, reading: cursor) }
    }
}
