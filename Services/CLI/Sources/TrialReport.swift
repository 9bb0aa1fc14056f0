import Answers
import Contracts
import JSON
import Mapping

/// What a trial has come to: the answer mapped for each type of objects, and what no path reads.
struct TrialReport {
    /// How much is told to people.
    private static let placesShown = 3
    private static let objectsShown = 20
    private static let unreadShown = 30
    private static let valueWidthMax = 60
    /// How much is told to programs.
    private static let objectsKept = 1_000
    private static let placesKept = 100

    let answers: [TrialAnswer]
    let unread: UnreadPlaces
    let secrets: TrialSecrets

    /// Maps an answer of a source.
    init(_ answer: [UInt8], isPaged: Bool, asked: [String], source: TrialSource, secrets: TrialSecrets) throws {
        self.secrets = secrets
        do {
            var answers: [TrialAnswer] = []
            for mapping in source.mappings {
                answers.append(
                    try TrialAnswer(
                        answer, isPaged: isPaged, asked: asked, maxObjects: source.maxObjects, mapping))
            }
            self.answers = answers
            let paths = answers.flatMap { $0.readings.map { isPaged ? $0.path.onEveryPage : $0.path } }
            unread = try PatternSet(paths, limits: AnswerMapper.limits).unread(in: answer)
        } catch {
            throw CommandError("The answer cannot be used: \(secrets.shown(error.reason))")
        }
    }

    /// Whether a request would get anything of it.
    var isMapped: Bool { answers.contains(where: \.isMapped) }

    /// For people.
    func print(to console: Console) {
        for answer in answers {
            console.print()
            console.print(console.style.bold("Paths of \(answer.objectType)"))
            console.print(paths(of: answer))
            console.print()
            console.print(console.style.bold("Objects and values"))
            console.print(objects(of: answer))
            for line in remarks(on: answer) { console.print(line) }
        }
        guard !unread.places.isEmpty else { return }
        console.print()
        console.print(console.style.bold("What no path reads"))
        var table = TextTable([.left("place"), .right("times"), .left("example")])
        for place in unread.places.prefix(Self.unreadShown) {
            table.add([secrets.shown(place.path), "\(place.count)", text(place.example)])
        }
        console.print(table)
        let more = unread.places.count - Self.unreadShown
        if more > 0 { console.print("… \(Quantity(more, "place")) more; --json lists them") }
    }

    private func paths(of answer: TrialAnswer) -> TextTable {
        var table = TextTable([.left("reads"), .left("path"), .right("found"), .left("place"), .left("value")])
        for reading in answer.readings {
            let shown = reading.matches.prefix(Self.placesShown)
            let first = shown.first
            table.add([
                reading.datapoint ?? "(object)", reading.path.json.description, "\(reading.matches.count)",
                first.map { secrets.shown($0.path) } ?? ResultTable.absent, first.map { text($0.json) } ?? "",
            ])
            for match in shown.dropFirst() { table.add(["", "", "", secrets.shown(match.path), text(match.json)]) }
            if reading.matches.count > shown.count { table.add(["", "", "", "…"]) }
        }
        return table
    }

    private func objects(of answer: TrialAnswer) -> TextTable {
        let keys = answer.plan.datapoints.map(\.key)
        let hasNotes = answer.outcomes.contains { $0.note != nil }
        var table = TextTable((["object"] + keys + (hasNotes ? ["note"] : [])).map(TextTable.Column.left))
        for outcome in answer.outcomes.prefix(Self.objectsShown) {
            let values = Dictionary(
                (outcome.object?.values ?? []).map { ($0.datapoint, text(Array($0.json))) },
                uniquingKeysWith: { first, _ in first })
            let cells = keys.indices.map { values[$0] ?? ResultTable.absent }
            table.add(
                [outcome.name.map(secrets.shown) ?? "(no name)"] + cells
                    + (hasNotes ? [outcome.note.map(secrets.shown) ?? ""] : []))
        }
        return table
    }

    /// What is to be said besides: what was normalized, what does not fit, what is left out.
    private func remarks(on answer: TrialAnswer) -> [String] {
        var lines: [String] = []
        let more = answer.outcomes.count - Self.objectsShown
        if more > 0 { lines.append("… \(Quantity(more, "object")) more; --json lists them") }
        if answer.outcomes.isEmpty { lines.append("The answer names no object where the mapping looks for one.") }
        for outcome in answer.outcomes.prefix(Self.objectsShown) {
            let name = outcome.name.map { "\($0): " } ?? ""
            for original in outcome.object?.originals ?? [] {
                lines.append(
                    "\(name)\(answer.plan.datapoints[original.datapoint].key) is \(text(Array(original.json))) in the answer"
                )
            }
            for failure in outcome.object?.failures ?? [] {
                let key = failure.datapoint.map { "\(answer.plan.datapoints[$0].key): " } ?? ""
                lines.append("\(name)\(key)\(failure)")
            }
        }
        lines += answer.failures.map { "name: \($0)" }
        if answer.unassignedCount > 0 {
            let values = Quantity(answer.unassignedCount, "value")
            lines.append("\(values) found that belong to no object: the answer does not name theirs.")
        }
        return lines.map { TerminalText.safe(secrets.shown($0)) }
    }

    private func text(_ json: [UInt8]) -> String {
        let value = secrets.shown(json)
        return TerminalText.truncated(TerminalText.safe(value.description), width: Self.valueWidthMax)
    }
}

extension TrialReport {
    /// For programs.
    var json: JSONObject {
        [
            "mapped": .bool(isMapped), "object_types": .array(answers.map(json)),
            "unread": .array(
                unread.places.map { place in
                    [
                        "path": .string(secrets.shown(place.path)), "count": .number(JSONNumber(place.count)),
                        "example": secrets.shown(place.example),
                    ]
                }),
            "unread_unlisted": .number(JSONNumber(unread.unlistedCount)),
        ]
    }

    private func json(_ answer: TrialAnswer) -> JSONValue {
        [
            "object_type": .string(answer.objectType),
            "paths": .array(
                answer.readings.map { reading in
                    [
                        "datapoint": reading.datapoint.map { .string($0) } ?? .null, "path": reading.path.json,
                        "found": .number(JSONNumber(reading.matches.count)),
                        "places": .array(
                            reading.matches.prefix(Self.placesKept).map {
                                ["path": .string(secrets.shown($0.path)), "value": secrets.shown($0.json)]
                            }),
                    ]
                }),
            "objects": .array(answer.outcomes.prefix(Self.objectsKept).map { json($0, answer.plan) }),
            "objects_found": .number(JSONNumber(answer.outcomes.count)),
            "failures": json(answer.failures, answer.plan),
            "unassigned": .number(JSONNumber(answer.unassignedCount)),
        ]
    }

    private func json(_ outcome: TrialAnswer.Outcome, _ plan: MappingPlan) -> JSONValue {
        func values(_ values: [MappedValue]) -> JSONValue {
            .object(JSONObject(values.map { (plan.datapoints[$0.datapoint].key, secrets.shown($0.json)) }))
        }
        return [
            "object": outcome.name.map { .string(secrets.shown($0)) } ?? .null,
            "values": values(outcome.object?.values ?? []), "originals": values(outcome.object?.originals ?? []),
            "failures": json(outcome.object?.failures ?? [], plan), "kept": .bool(outcome.isWanted),
            "note": outcome.note.map { .string(secrets.shown($0)) } ?? .null,
        ]
    }

    private func json(_ failures: [ConversionFailure], _ plan: MappingPlan) -> JSONValue {
        .array(
            failures.map { failure in
                [
                    "datapoint": failure.datapoint.map { .string(plan.datapoints[$0].key) } ?? .null,
                    "path": .string(secrets.shown(failure.path)), "found": .string(secrets.shown(failure.found)),
                    "reason": .string(secrets.shown(failure.reason)),
                ]
            })
    }
}
