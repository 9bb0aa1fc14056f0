import JSON

/// How good data is, as intake tells it.
struct QualityOverview {
    /// What there is of one kind, and the sentence that says what to do about it.
    struct Group {
        let cells: [String]
        let advice: String?
    }

    let runsTotal: Int
    let runsOpen: Int
    /// Whether there are more runs than were looked at.
    let isCut: Bool
    /// When the oldest run was made that was looked at.
    let oldestRunAt: String?
    let coverage: [Group]
    let conversions: [Group]
    let conflicts: [Group]
    let emptyAnswers: [Group]
    let failures: [Group]
    /// The answer as it came, for programs.
    let json: JSONValue

    init(_ answer: AnswerReader) throws(CommandError) {
        let runs = try answer.object("runs")
        runsTotal = try runs.int("total")
        runsOpen = try runs.int("open")
        isCut = runs.value["is_cut"] == true
        oldestRunAt = runs.optionalString("oldest_at")
        coverage = try Self.groups(answer, "coverage") { (row) throws(CommandError) in
            [try row.string("source"), try row.string("datapoint")]
                + [
                    try row.int("objects"), try row.int("with_value"), try row.int("with_null"),
                    try row.int("with_nothing"), try row.int("unanswered"),
                ].map { "\($0)" } + [row.value["percent"]?.intValue.map { "\($0) %" } ?? "–"]
        }
        conversions = try Self.groups(answer, "failed_conversions") { (row) throws(CommandError) in
            [
                try row.string("source"), row.optionalString("datapoint") ?? "(name)", "\(try row.int("count"))",
                try row.string("path"), try row.string("reason"), Self.objects(row),
            ]
        }
        conflicts = try Self.groups(answer, "conflicting_values") { (row) throws(CommandError) in
            [try row.string("datapoint"), "\(try row.int("count"))", try Self.examples(row)]
        }
        emptyAnswers = try Self.groups(answer, "empty_answers") { (row) throws(CommandError) in
            [
                try row.string("source"), try row.string("kind"), "\(try row.int("runs"))",
                row.optionalString("reason") ?? "", Self.objects(row),
            ]
        }
        failures = try Self.groups(answer, "failed_runs") { (row) throws(CommandError) in
            [
                try row.string("source"), try row.string("state"), row.optionalString("substate") ?? "",
                "\(try row.int("runs"))", row.optionalString("reason") ?? "", Self.objects(row),
            ]
        }
        json = answer.value
    }

    /// What to do, each sentence once.
    var advice: [String] {
        (coverage + conversions + conflicts + emptyAnswers + failures).compactMap(\.advice)
            .reduce(into: []) { advice, sentence in if !advice.contains(sentence) { advice.append(sentence) } }
    }

    private static func groups(
        _ answer: AnswerReader, _ key: String, cells: (AnswerReader) throws(CommandError) -> [String]
    ) throws(CommandError) -> [Group] {
        var groups: [Group] = []
        for row in answer.list(key) {
            groups.append(Group(cells: try cells(row), advice: row.optionalString("advice")))
        }
        return groups
    }

    private static func objects(_ row: AnswerReader) -> String {
        (row.value["objects"]?.arrayValue?.compactMap(\.stringValue) ?? []).joined(separator: ", ")
    }

    /// `acme: 5 (registry), 6 (directory); …`
    private static func examples(_ row: AnswerReader) throws(CommandError) -> String {
        var examples: [String] = []
        for example in row.list("examples") {
            var values: [String] = []
            for value in example.list("values") {
                values.append("\(value.value["value"] ?? .null) (\(try value.string("source")))")
            }
            examples.append("\(try example.string("object")): \(values.joined(separator: ", "))")
        }
        return examples.joined(separator: "; ")
    }
}
