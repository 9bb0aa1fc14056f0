extension SourceDefinition {
    static let maxObjectsBounds = 1...10_000

    init?(key: String, reading cursor: DocumentCursor, scope: OrganizationScope) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(
            known: ["name", "base_url", "run_request_template", "max_objects", "object_source", "datapoint_source"]
                + SourceSetup.keys
        )
        let name = body.name(orKey: key)
        let baseURL = body["base_url"].map { $0.baseURL() }
        let template = body.required("run_request_template", "the HTTP request: method, url, headers, query, body")?
            .requestTemplate(
                baseURL: baseURL,
                variables: CatalogueVariable.reserved + scope.datapoints.values.flatMap { $0 }.sorted()
                    + (scope.inputs[key] ?? [])
            )
        let maxObjects = body["max_objects"].map { $0.integer(in: Self.maxObjectsBounds) } ?? 1
        let setup = SourceSetup(reading: body)
        let objects = body["object_source"].map { $0.objectMappings(scope: scope) } ?? []
        let datapoints = body["datapoint_source"].map { $0.datapointMappings(scope: scope) } ?? []
        guard let template, let maxObjects, let setup else { return nil }
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
            key: key, name: name, baseURL: baseURL ?? nil, runRequestTemplate: template, maxObjects: maxObjects,
            setup: setup, objectMappings: objects, datapointMappings: datapoints
        )
    }
}

extension SourceSetup {
    /// The keys of a source that make up its setup.
    static let keys = ["concurrency", "timeout", "run_timeout", "retry", "response_bytes_max"]
    static let concurrencyBounds = 1...1024
    static let timeoutBounds = 100...600_000
    static let runTimeoutBounds = 1000...2_592_000_000
    static let responseBytesBounds = 1 << 10...256 << 20

    /// What a source has that says nothing else. The defaults stand in docs/catalogue.md.
    static let standard = SourceSetup(
        concurrency: 16, timeoutMilliseconds: 30_000, runTimeoutMilliseconds: nil, responseBytesMax: 10 << 20,
        retry: .standard
    )

    /// - Parameter body: the source's mapping.
    fileprivate init?(reading body: MappingCursor) {
        let concurrency = body["concurrency"].map { $0.integer(in: Self.concurrencyBounds) }
        let timeout = body["timeout"].map { $0.milliseconds(in: Self.timeoutBounds) }
        let runTimeout = body["run_timeout"].map { $0.milliseconds(in: Self.runTimeoutBounds) }
        let bytes = body["response_bytes_max"].map { $0.byteCount(in: Self.responseBytesBounds) }
        let retry = body["retry"].map { RetryPolicy(reading: $0) }
        if case .some(.none) = runTimeout { return nil }
        guard let concurrency = concurrency ?? Self.standard.concurrency,
            let timeout = timeout ?? Self.standard.timeoutMilliseconds,
            let bytes = bytes ?? Self.standard.responseBytesMax,
            let retry = retry ?? Self.standard.retry
        else { return nil }
        self.init(
            concurrency: concurrency, timeoutMilliseconds: timeout, runTimeoutMilliseconds: runTimeout ?? nil,
            responseBytesMax: bytes, retry: retry)
    }
}

extension RetryPolicy {
    static let attemptsBounds = 1...20
    static let baseBounds = 10...60_000
    static let maxBounds = 10...3_600_000
    static let standard = RetryPolicy(attempts: 4, baseMilliseconds: 500, maxMilliseconds: 30_000)

    fileprivate init?(reading cursor: DocumentCursor) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["attempts", "base", "max"])
        let attempts = body["attempts"].map { $0.integer(in: Self.attemptsBounds) }
        let base = body["base"].map { $0.milliseconds(in: Self.baseBounds) }
        let max = body["max"].map { $0.milliseconds(in: Self.maxBounds) }
        guard let attempts = attempts ?? Self.standard.attempts,
            let base = base ?? Self.standard.baseMilliseconds,
            let max = max ?? Swift.max(Self.standard.maxMilliseconds, base)
        else { return nil }
        guard base <= max else {
            cursor.report(.conflict, "the first wait (base) is longer than the longest (max)", remedy: "raise max")
            return nil
        }
        self.init(attempts: attempts, baseMilliseconds: base, maxMilliseconds: max)
    }
}
