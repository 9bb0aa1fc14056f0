import JSON
import Messaging

/// Messages of the bus as programs get them.
enum ObservationText {
    /// One JSON object; the body stands in it as JSON where it is JSON, else as text.
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
