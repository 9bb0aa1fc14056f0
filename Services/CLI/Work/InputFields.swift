import JSON

/// The input of a submit, from `--input` options such as `query=bakery`.
enum InputFields {
    /// Reads fields. A value that is a JSON number, `true`, `false`, a list or a text in quotes is that; everything else is a text as it stands.
    static func parse(_ options: [String]) throws(CommandError) -> JSONObject {
        var fields = JSONObject()
        for option in options {
            guard let separator = option.firstIndex(of: "="), separator != option.startIndex else {
                throw .usage(
                    "--input takes NAME=VALUE, not '\(TerminalText.safe(option))'", remedy: "Write --input query=bakery"
                )
            }
            let name = String(option[..<separator])
            guard fields[name] == nil else {
                throw .usage(
                    "--input gives '\(TerminalText.safe(name))' twice",
                    remedy: "Write a list as --input '\(TerminalText.safe(name))=[\"a\", \"b\"]'")
            }
            fields[name] = value(String(option[option.index(after: separator)...]))
        }
        return fields
    }

    private static func value(_ text: String) -> JSONValue {
        switch try? JSONValue(parsing: Array(text.utf8)) {
        case let value? where !value.isNull && value.objectValue == nil: value
        default: .string(text)
        }
    }
}
