import JSON

/// What the doctor found at one place.
struct Finding: Sendable, Equatable {
    /// How it stands there.
    enum Standing: String, Sendable {
        case ok
        case warn
        case fail
    }

    /// What was looked at: `database`, `partitions`.
    let subject: String
    let standing: Standing
    /// What was seen.
    let text: String
    /// What to do about it; nil when there is nothing to do.
    let remedy: String?

    static func ok(_ subject: String, _ text: String) -> Finding {
        Finding(subject: subject, standing: .ok, text: text, remedy: nil)
    }

    static func warn(_ subject: String, _ text: String, remedy: String) -> Finding {
        Finding(subject: subject, standing: .warn, text: text, remedy: remedy)
    }

    static func fail(_ subject: String, _ text: String, remedy: String) -> Finding {
        Finding(subject: subject, standing: .fail, text: text, remedy: remedy)
    }

    /// One line, and one more that says what to do.
    func lines(style: TextStyle, subjectWidth: Int) -> [String] {
        let mark =
            switch standing {
            case .ok: style.green("ok  ")
            case .warn: style.yellow("warn")
            case .fail: style.red("fail")
            }
        let line = "\(mark)  \(TerminalText.padded(subject, width: subjectWidth))  \(TerminalText.safe(text))"
        let indentation = String(repeating: " ", count: 8 + subjectWidth)
        return [line] + (remedy.map { ["\(indentation)→ \($0)"] } ?? [])
    }

    var json: JSONValue {
        [
            "subject": .string(subject), "standing": .string(standing.rawValue), "text": .string(text),
            "remedy": remedy.map { .string($0) } ?? .null,
        ]
    }
}
