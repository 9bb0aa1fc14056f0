import JSON

extension RetryPolicy {
    init(_ stored: StoredObject) throws(SourceSetupError) {
        self.init()
        if let value = try stored.integer("attempts", in: SourceBounds.retryAttempts) { attempts = value }
        if let value = try stored.milliseconds("base_seconds", in: SourceBounds.retryBaseMilliseconds) {
            baseMilliseconds = value
        }
        if let value = try stored.milliseconds("max_seconds", in: SourceBounds.retryMaxMilliseconds) {
            maxMilliseconds = value
        }
    }

    var json: JSONValue {
        [
            "attempts": .integer(attempts), "base_seconds": .seconds(baseMilliseconds),
            "max_seconds": .seconds(maxMilliseconds),
        ]
    }
}
