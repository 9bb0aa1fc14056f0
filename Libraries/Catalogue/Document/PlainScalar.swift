import JSON

/// What a scalar means, after YAML 1.2's JSON schema: only `null`, `~`, `true`, `false` and JSON's numbers are not text.
///
/// YAML 1.1 would read `NO` (Norway) as false, `010` as 8 and `1:30` as 90; here they are the texts that people meant.
enum PlainScalar: Hashable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)

    init(_ text: String, isQuoted: Bool) {
        guard !isQuoted else {
            self = .string(text)
            return
        }
        switch text {
        case "", "~", "null": self = .null
        case "true": self = .bool(true)
        case "false": self = .bool(false)
        default: self = JSONNumber(text).map(PlainScalar.number) ?? .string(text)
        }
    }
}
