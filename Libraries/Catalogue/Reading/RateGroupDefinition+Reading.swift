import Sources

extension RateGroupDefinition {
    init?(key: String, reading cursor: DocumentCursor) {
        guard let body = cursor.mapping() else { return nil }
        body.refuseUnknownKeys(known: ["concurrency", "rate"])
        guard body["concurrency"] != nil || body["rate"] != nil else {
            cursor.report(
                .missingKey, "the group \(key) limits nothing",
                remedy: "add concurrency (calls in flight), rate (such as 50/s), or both"
            )
            return nil
        }
        self.init(
            key: key, concurrency: body["concurrency"]?.integer(in: SourceBounds.concurrency),
            rate: body["rate"]?.callRate())
    }
}
