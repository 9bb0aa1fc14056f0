public import JSON

extension CallRate {
    init(_ stored: StoredObject) throws(SourceSetupError) {
        self.init(
            calls: try stored.required("calls", stored.integer("calls", in: SourceBounds.calls)),
            perMilliseconds: try stored.required(
                "per_seconds", stored.milliseconds("per_seconds", in: SourceBounds.perMilliseconds)))
    }

    /// As it is stored.
    public var json: JSONValue { ["calls": .integer(calls), "per_seconds": .seconds(perMilliseconds)] }
}
