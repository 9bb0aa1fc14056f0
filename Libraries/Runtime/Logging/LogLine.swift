import Logging

/// One event of the log on its way to its text.
struct LogLine {
    let nanosecondsSinceEpoch: Int64
    let level: Logger.Level
    let label: String
    let message: String
    let fields: Logger.Metadata

    /// `2026-11-20T08:15:30.123Z info     weir-executor: Lost the database. attempts=3 reason="connection refused"`
    func text() -> String {
        var line = Timestamp.rfc3339(nanosecondsSinceEpoch: nanosecondsSinceEpoch)
        line += " " + level.rawValue + String(repeating: " ", count: max(1, 9 - level.rawValue.count))
        line += label + ": "
        LogText.appendEscaped(message, to: &line)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += " "
            LogText.appendEscaped(key, to: &line)
            line += "="
            LogText.appendValue(LogRedaction.shown(value, key: key).description, to: &line)
        }
        return line + "\n"
    }

    /// `{"time":"…","level":"info","service":"weir-executor","message":"…","attempts":"3"}`; metadata keys that would hide one
    /// of the first four are put behind `field.`.
    func json() -> String {
        var line = "{\"time\":\"\(Timestamp.rfc3339(nanosecondsSinceEpoch: nanosecondsSinceEpoch))\""
        line += ",\"level\":\"\(level.rawValue)\",\"service\":"
        LogText.appendJSONString(label, to: &line)
        line += ",\"message\":"
        LogText.appendJSONString(message, to: &line)
        for (key, value) in fields.sorted(by: { $0.key < $1.key }) {
            line += ","
            let isTaken = key == "time" || key == "level" || key == "service" || key == "message"
            LogText.appendJSONString(isTaken ? "field.\(key)" : key, to: &line)
            line += ":"
            LogText.appendJSON(LogRedaction.shown(value, key: key), to: &line)
        }
        return line + "}\n"
    }
}
