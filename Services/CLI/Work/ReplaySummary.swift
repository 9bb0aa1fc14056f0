import Contracts
import JSON

/// What the pages of a replay come to together.
struct ReplaySummary {
    /// How the values of one datapoint would change.
    private struct Changes {
        var added = 0
        var changed = 0
        var removed = 0
        var unchanged = 0
    }

    /// A value that would change.
    private struct Example {
        let object: String
        let datapoint: String
        let old: String?
        let new: String?

        /// What examples are counted by.
        var kind: [String] { [datapoint, old == nil ? "added" : new == nil ? "removed" : "changed"] }
    }

    private static let valueWidthMax = 40

    /// How many examples are kept of each datapoint and kind of change.
    let examplesMax: Int
    /// How many runs it was so far.
    private(set) var runs = 0
    private var failed = 0
    private var reason: String?
    private var reopened = false
    private var datapoints: [String: Changes] = [:]
    private var examples: [Example] = []
    private var exampleCounts: [[String]: Int] = [:]

    init(examplesMax: Int) {
        self.examplesMax = examplesMax
    }

    /// Adds a page, of a dry run or of a replay.
    mutating func add(_ page: AnswerReader) throws {
        guard page.value["runs"] != nil else {
            runs += try page.int("replayed")
            reopened = reopened || page.value["reopened"]?.boolValue == true
            return
        }
        runs += try page.int("runs")
        failed += try page.int("failed")
        reason = reason ?? page.optionalString("reason")
        for count in page.list("datapoints") {
            let key = try count.string("datapoint")
            datapoints[key, default: Changes()].added += try count.int("added")
            datapoints[key, default: Changes()].changed += try count.int("changed")
            datapoints[key, default: Changes()].removed += try count.int("removed")
            datapoints[key, default: Changes()].unchanged += try count.int("unchanged")
        }
        for found in page.list("examples") {
            let example = Example(
                object: try found.string("object"), datapoint: try found.string("datapoint"),
                old: found.optionalString("old"), new: found.optionalString("new"))
            guard exampleCounts[example.kind, default: 0] < examplesMax else { continue }
            exampleCounts[example.kind, default: 0] += 1
            examples.append(example)
        }
    }

    private var isDifferent: Bool { datapoints.values.contains { $0.added + $0.changed + $0.removed > 0 } }

    /// A dry run for people.
    func print(to console: Console) {
        guard runs > 0 else { return console.print("There is no stored answer to map anew.") }
        var table = TextTable(
            [.left("datapoint"), .right("added"), .right("changed"), .right("removed"), .right("unchanged")])
        for (key, count) in datapoints.sorted(by: { $0.key < $1.key }) {
            table.add([key, "\(count.added)", "\(count.changed)", "\(count.removed)", "\(count.unchanged)"])
        }
        console.print(table)
        if !examples.isEmpty {
            console.print()
            var table = TextTable(["object", "datapoint", "now", "then"].map(TextTable.Column.left))
            for example in examples.sorted(by: { ($0.datapoint, $0.object) < ($1.datapoint, $1.object) }) {
                table.add([
                    example.object, example.datapoint, Self.text(example.old), Self.text(example.new),
                ])
            }
            console.print(table)
        }
        console.print()
        if failed > 0 {
            console.print(
                "\(Quantity(failed, "run")) would fail, the first because: \(TerminalText.safe(reason ?? "unknown"))")
        }
        let words = isDifferent ? "" : "; the values stay as they are"
        console.print(console.style.bold("\(Quantity(runs, "answer")) mapped anew\(words) (nothing was written)"))
    }

    private static func text(_ value: String?) -> String {
        value.map { TerminalText.truncated(TerminalText.safe($0), width: valueWidthMax) } ?? ResultTable.absent
    }

    /// A dry run for programs.
    var difference: JSONObject {
        [
            "runs": .number(JSONNumber(runs)), "failed": .number(JSONNumber(failed)),
            "reason": reason.map { .string($0) } ?? .null,
            "datapoints": .object(
                JSONObject(
                    datapoints.sorted { $0.key < $1.key }.map { key, count in
                        let json: JSONValue = [
                            "added": .number(JSONNumber(count.added)), "changed": .number(JSONNumber(count.changed)),
                            "removed": .number(JSONNumber(count.removed)),
                            "unchanged": .number(JSONNumber(count.unchanged)),
                        ]
                        return (key, json)
                    })),
            "examples": .array(
                examples.map { example in
                    [
                        "object": .string(example.object), "datapoint": .string(example.datapoint),
                        "old": example.old.map { .string($0) } ?? .null,
                        "new": example.new.map { .string($0) } ?? .null,
                    ]
                }),
        ]
    }

    /// A replay for programs.
    var outcome: JSONObject { ["replayed": .number(JSONNumber(runs)), "reopened": .bool(reopened)] }
}
