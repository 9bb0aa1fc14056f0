import JSON
import Messaging

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Messages of the bus as they are shown.
enum ObservationText {
    private static let dataWidthMax = 120

    /// One line for people: time, type, key, data.
    static func line(_ message: ObservedMessage, at date: Date, style: TextStyle) -> String {
        let time = InstantText.timeOfDay(microseconds: Int64(date.timeIntervalSince1970 * 1_000_000))
        var parts = [style.faint(time), style.bold(TerminalText.safe(message.topic))]
        if !message.key.isEmpty { parts.append(TerminalText.safe(message.key)) }
        if message.isCommand {
            parts.append(style.faint("(a command; its data are not shown)"))
        } else if let event = try? CloudEvent(parsing: message.body) {
            let data = String(decoding: event.data, as: UTF8.self)
            parts.append(style.faint("\(TerminalText.safe(event.source)) \(TerminalText.safe(event.id))"))
            if !data.isEmpty { parts.append(TerminalText.truncated(TerminalText.safe(data), width: dataWidthMax)) }
        } else if !message.body.isEmpty {
            parts.append(
                TerminalText.truncated(
                    TerminalText.safe(String(decoding: message.body, as: UTF8.self)), width: dataWidthMax))
        }
        if message.missedCount > 0 {
            let verb = message.missedCount == 1 ? "was" : "were"
            parts.append(style.yellow("(\(message.missedCount) before it \(verb) missed)"))
        }
        return parts.joined(separator: "  ")
    }

    /// One JSON object for programs.
    static func json(_ message: ObservedMessage) -> String {
        var object: JSONObject = [
            "topic": .string(message.topic), "key": .string(message.key), "command": .bool(message.isCommand),
            "missed": .number(JSONNumber(message.missedCount)),
        ]
        if !message.body.isEmpty {
            object["event"] =
                (try? JSONValue(parsing: message.body)) ?? .string(String(decoding: message.body, as: UTF8.self))
        }
        return JSONValue.object(object).description
    }
}
