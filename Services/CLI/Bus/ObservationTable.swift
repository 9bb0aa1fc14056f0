import Messaging

/// Messages of the bus as a table for people that grows line by line: a column gets as wide as its widest cell so far, and
/// nothing is cut, so that ids and traces can be copied.
struct ObservationTable {
    private static let titles = ["TIME", "TYPE", "SUBJECT", "SOURCE", "TRACEPARENT"]
    private static let gap = "  "
    private static let bodyWidthMax = 120

    let style: TextStyle
    /// To begin with, what a time, the type of a command and the id of a request take.
    private var widths = [13, 30, 36, 24, 11]

    init(style: TextStyle) {
        self.style = style
    }

    /// The heading.
    var head: String { style.bold(trimmed(zip(Self.titles, widths).map { TerminalText.padded($0, width: $1) })) }

    /// One message.
    ///
    /// - Parameter seenAt: microseconds since 1970; shown where the message does not say when it was said.
    mutating func line(_ message: ObservedMessage, seenAt: Int64) -> String {
        let event = try? CloudEvent(parsing: message.body)
        let saidAt = event?.time.flatMap(InstantText.microseconds) ?? seenAt
        let cells = [
            InstantText.timeOfDay(microseconds: saidAt), message.topic, event?.subject ?? message.key,
            event?.source ?? "", event?.traceparent ?? "",
        ].map(TerminalText.safe)
        widths = zip(widths, cells).map { max($0, DisplayWidth.of($1)) }
        let padded = zip(cells, widths).map { TerminalText.padded($0, width: $1) }
        return trimmed(
            [style.faint(padded[0]), style.bold(padded[1]), padded[2], style.faint(padded[3]), padded[4]]
                + remarks(on: message, event))
    }

    private func remarks(on message: ObservedMessage, _ event: CloudEvent?) -> [String] {
        var remarks: [String] = []
        if message.isCommand { remarks.append(style.faint("(a command; its data are not shown)")) }
        let body = String(decoding: event?.data ?? message.body, as: UTF8.self)
        if !body.isEmpty { remarks.append(TerminalText.truncated(TerminalText.safe(body), width: Self.bodyWidthMax)) }
        if message.missedCount > 0 {
            let verb = message.missedCount == 1 ? "was" : "were"
            remarks.append(style.yellow("(\(message.missedCount) before it \(verb) missed)"))
        }
        return remarks
    }

    private func trimmed(_ cells: [String]) -> String {
        var line = cells.joined(separator: Self.gap)
        while line.last == " " { line.removeLast() }
        return line
    }
}
