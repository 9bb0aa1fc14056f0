import JSON

extension ResponseRule.Test {
    /// The one of `equals`, `in`, `contains` and `exists` that a condition has.
    init(_ stored: StoredObject) throws(SourceSetupError) {
        var tests: [Self] = []
        // `equals: null` is a test, so that what stands there is asked for as it is.
        if let value = stored.object["equals"] { tests.append(.equals(value)) }
        if let values = try stored.list("in", count: SourceBounds.alternatives) { tests.append(.anyOf(values)) }
        if let text = try stored.text("contains") { tests.append(.contains(text)) }
        if let value = stored["exists"] {
            guard value == true else { throw stored.failure("exists", "it is true, or not there") }
            tests.append(.exists)
        }
        guard tests.count == 1 else {
            throw SourceSetupError(at: stored.path.text, "one of equals, in, contains and exists is needed")
        }
        self = tests[0]
    }

    /// A condition with the test alone.
    var json: JSONObject {
        switch self {
        case .exists: ["exists": true]
        case .equals(let value): ["equals": value]
        case .anyOf(let values): ["in": .array(values)]
        case .contains(let text): ["contains": .string(text)]
        }
    }
}
