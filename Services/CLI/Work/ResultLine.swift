import JSON

/// One object of a result.
struct ResultLine: Sendable, Equatable {
    let object: String
    /// The values by datapoint, in the order of the line.
    let values: JSONObject
    /// Whether it meets the factors of a sourcing, and what each came to; nil for other activities.
    let qualified: String?
    /// Why the object has no outcome: state and reason.
    let error: String?
    /// What there is to say about an outcome that is there.
    let note: String?

    init(_ value: JSONValue) throws(CommandError) {
        guard let object = value["object"]?.stringValue else {
            throw CommandError(
                "The result has a line without an object's name",
                remedy: "Use the 'weir' of the same version as the services")
        }
        self.object = object
        qualified = value["qualified"]?.boolValue.map { isQualified in
            let unmet = (value["factors"]?.arrayValue ?? []).filter { $0["outcome"] != "passed" }
            let reasons = unmet.compactMap { factor in
                factor["sentence"]?.stringValue.map { "\($0)\(factor["outcome"] == "unknown" ? " (unknown)" : "")" }
            }
            return isQualified ? "yes" : "no, not met: " + reasons.joined(separator: "; ")
        }
        note = value["note"]?.stringValue
        values = value["values"]?.objectValue ?? JSONObject()
        error = value["error"].map { error in
            [error["state"]?.stringValue, error["reason"]?.stringValue].compactMap(\.self).joined(separator: ": ")
        }
    }

    /// Reads NDJSON.
    static func parse(_ bytes: [UInt8]) throws(CommandError) -> [ResultLine] {
        var lines: [ResultLine] = []
        for (index, line) in bytes.split(separator: UInt8(ascii: "\n")).enumerated() {
            let value: JSONValue
            do {
                value = try JSONValue(parsing: Array(line))
            } catch {
                throw CommandError("Line \(index + 1) of the result is not JSON: \(error)")
            }
            lines.append(try ResultLine(value))
        }
        return lines
    }
}
