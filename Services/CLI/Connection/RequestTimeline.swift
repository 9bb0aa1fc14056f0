import JSON

/// What happened to a request, as intake tells it.
struct RequestTimeline: Sendable, Equatable {
    /// One change of the request, or one kind of change of its runs.
    struct Entry: Sendable, Equatable {
        /// `request`, `runs` or `delivery`; of a workflow `workflow`, `step KEY` or `delivery`.
        let subject: String
        let from: String?
        let to: String
        let count: Int
        /// When the first and the last of them happened, in microseconds since 1970.
        let first: Int64
        let last: Int64
        let actor: String?
        let reason: String?
    }

    let id: String
    let entries: [Entry]
    /// The answer as it came, for programs.
    let json: JSONValue

    init(_ answer: AnswerReader) throws(CommandError) {
        id = try answer.string("id")
        var entries: [Entry] = []
        for entry in answer.list("entries") {
            let first = try Self.instant(entry, "first")
            entries.append(
                Entry(
                    subject: try entry.string("subject"), from: entry.optionalString("from"),
                    to: try entry.string("to"),
                    count: try entry.int("count"), first: first, last: try Self.instant(entry, "last"),
                    actor: entry.optionalString("actor"), reason: entry.optionalString("reason")))
        }
        self.entries = entries
        json = answer.value
    }

    init(id: String, entries: [Entry]) {
        self.id = id
        self.entries = entries
        json = .null
    }

    private static func instant(_ entry: AnswerReader, _ key: String) throws(CommandError) -> Int64 {
        let text = try entry.string(key)
        guard let instant = InstantText.microseconds(text) else {
            throw CommandError("Intake's answer has a time that cannot be read: \(TerminalText.safe(text))")
        }
        return instant
    }
}
