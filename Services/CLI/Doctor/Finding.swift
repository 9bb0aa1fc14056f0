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

    /// What was seen and, on a line of its own, what to do; both wrapped where the terminal ends.
    func lines(_ console: Console, subjectWidth: Int) -> [String] {
        let style = console.style
        let mark =
            switch standing {
            case .ok: style.green("ok  ")
            case .warn: style.yellow("warn")
            case .fail: style.red("fail")
            }
        let indentation = 8 + subjectWidth
        let seen = console.wrapped(TerminalText.safe(text), indentation: indentation)
        let done = remedy.map { console.wrapped("→ \($0)", indentation: indentation) } ?? []
        let head = "\(mark)  \(TerminalText.padded(subject, width: subjectWidth))  "
        let blanks = String(repeating: " ", count: indentation)
        return seen.prefix(1).map { head + $0 } + seen.dropFirst() + done.prefix(1).map { blanks + $0 }
            + done.dropFirst()
    }

    var json: JSONValue {
        [
            "subject": .string(subject), "standing": .string(standing.rawValue), "text": .string(text),
            "remedy": remedy.map { .string($0) } ?? .null,
        ]
    }
}
