import Sources

extension SourceSetup {
    /// The keys of a source that make up its setup.
    static let keys = [
        "concurrency", "rate", "rate_group", "timeout", "run_timeout", "retry", "response_bytes_max", "auth",
        "pagination", "response_rules", "job",
    ]

    /// What is wrong is logged and has its default meanwhile; a file with a problem declares nothing.
    ///
    /// - Parameters:
    ///   - body: the source's mapping.
    ///   - baseURL: nil if the source has none, an inner nil if it has a wrong one.
    ///   - pagination: what its `pagination` says.
    ///   - templates: the source's templates.
    ///   - scope: what the file declares.
    init(
        reading body: MappingCursor, baseURL: String??, pagination: Pagination?, templates: CheckedTemplates,
        scope: OrganizationScope
    ) {
        self.init()
        if let value = body["concurrency"]?.integer(in: SourceBounds.concurrency) { concurrency = value }
        if let value = body["timeout"]?.milliseconds(in: SourceBounds.timeoutMilliseconds) {
            timeoutMilliseconds = value
        }
        runTimeoutMilliseconds = body["run_timeout"]?.milliseconds(in: SourceBounds.runTimeoutMilliseconds)
        if let value = body["response_bytes_max"]?.byteCount(in: SourceBounds.responseBytes) {
            responseBytesMax = value
        }
        if let value = body["retry"].flatMap(RetryPolicy.init(reading:)) { retry = value }
        rate = body["rate"]?.callRate()
        rateGroup = body["rate_group"]?.rateGroup(among: scope.rateGroups)
        if let auth = body["auth"] {
            authentication = Authentication(reading: auth, baseURL: baseURL) ?? .none
            authentication.refuseDoubles(in: templates)
        }
        self.pagination = pagination
        if let rules = body["response_rules"] {
            // Of credentials that could not be read nothing is known.
            let isUnknown = body["auth"] != nil && authentication == .none
            responseRules = ResponseRule.list(reading: rules, refreshes: isUnknown || authentication.canBeRefreshed)
        }
        job = body["job"].flatMap { AsynchronousJob(reading: $0, of: body, templates: templates) }
    }
}

extension DocumentCursor {
    fileprivate func rateGroup(among declared: [String]) -> String? {
        guard declared.isEmpty else { return reference(to: "rate group", among: declared) }
        report(
            .missingReference, "the file declares no rate groups",
            remedy: "add them at its top, such as rate_groups: { shared_api: { concurrency: 20, rate: 50/s } }")
        return nil
    }
}

extension Authentication {
    fileprivate var canBeRefreshed: Bool {
        if case .clientCredentials = self { true } else { false }
    }
}

extension RetryPolicy {
    fileprivate init?(reading cursor: DocumentCursor) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["attempts", "base", "max"])
        let standard = RetryPolicy()
        let attempts = body["attempts"].map { $0.integer(in: SourceBounds.retryAttempts) }
        let base = body["base"].map { $0.milliseconds(in: SourceBounds.retryBaseMilliseconds) }
        let max = body["max"].map { $0.milliseconds(in: SourceBounds.retryMaxMilliseconds) }
        guard let attempts = attempts ?? standard.attempts,
            let base = base ?? standard.baseMilliseconds,
            let max = max ?? Swift.max(standard.maxMilliseconds, base)
        else { return nil }
        guard base <= max else {
            cursor.report(.conflict, "the first wait (base) is longer than the longest (max)", remedy: "raise max")
            return nil
        }
        self.init(attempts: attempts, baseMilliseconds: base, maxMilliseconds: max)
    }
}
