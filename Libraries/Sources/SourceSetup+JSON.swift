public import JSON

extension SourceSetup {
    /// Reads a stored setup (`source.setup`). What is missing has its documented default, members that are not known are passed over.
    ///
    /// - Throws: ``SourceSetupError`` with the place and the reason.
    public init(_ json: JSONValue) throws(SourceSetupError) {
        let stored = try StoredObject(json, at: JSONPathText())
        self.init()
        if let value = try stored.integer("concurrency", in: SourceBounds.concurrency) { concurrency = value }
        if let value = try stored.milliseconds("timeout_seconds", in: SourceBounds.timeoutMilliseconds) {
            timeoutMilliseconds = value
        }
        runTimeoutMilliseconds = try stored.milliseconds(
            "run_timeout_seconds", in: SourceBounds.runTimeoutMilliseconds)
        if let value = try stored.integer("response_bytes_max", in: SourceBounds.responseBytes) {
            responseBytesMax = value
        }
        if let object = try stored.object("retry") { retry = try RetryPolicy(object) }
        rate = try stored.object("rate").map { object throws(SourceSetupError) in try CallRate(object) }
        rateGroup = try stored.text("rate_group", bytesMax: SourceBounds.nameBytes)
        if let object = try stored.object("auth") { authentication = try Authentication(object) }
        pagination = try stored.object("pagination").map { object throws(SourceSetupError) in try Pagination(object) }
        let rules = try stored.list("response_rules", count: SourceBounds.responseRules) ?? []
        let place = stored.path.key("response_rules")
        for (index, rule) in rules.enumerated() {
            responseRules.append(try ResponseRule(StoredObject(rule, at: place.index(index))))
        }
        job = try stored.object("job").map { object throws(SourceSetupError) in try AsynchronousJob(object) }
    }

    /// The setup as it is stored: bounds in full, and of the rest only what was declared.
    public var json: JSONValue {
        var setup: JSONObject = [
            "concurrency": .integer(concurrency),
            "timeout_seconds": .seconds(timeoutMilliseconds),
            "response_bytes_max": .integer(responseBytesMax),
            "retry": retry.json,
        ]
        setup["run_timeout_seconds"] = runTimeoutMilliseconds.map { .seconds($0) }
        setup["rate"] = rate?.json
        setup["rate_group"] = rateGroup.map { .string($0) }
        setup["auth"] = authentication.json
        setup["pagination"] = pagination?.json
        if !responseRules.isEmpty { setup["response_rules"] = .array(responseRules.map(\.json)) }
        setup["job"] = job?.json
        return .object(setup)
    }
}
