extension PostgresError: CustomStringConvertible, CustomReflectable {
    /// The same line, so that no dump of an error, or of what holds it, shows more.
    public var customMirror: Mirror { Mirror(self, children: ["description": description]) }

    /// The error in one line, without any value of the data: detail is left out, and a value that a data exception quotes is hidden.
    public var description: String {
        var text = "Postgres \(code)"
        if let sqlState { text += " \(sqlState)" }
        text += ": \(redactedMessage)"
        let context = [
            ("statement", statementName), ("schema", schema), ("table", table), ("column", column),
            ("constraint", constraint),
        ].compactMap { name, value in value.map { "\(name) \($0)" } }
        if !context.isEmpty { text += " [\(context.joined(separator: ", "))]" }
        if let hint { text += " (hint: \(hint))" }
        if !isKnownNotApplied { text += "; it is not known whether the work took effect" }
        return text
    }

    /// "invalid input syntax for type integer: "abc"" quotes the value behind a colon; so do the other data exceptions (class 22).
    private var redactedMessage: String {
        guard let sqlState, sqlState.hasPrefix("22") else { return message }
        let pieces = message.split(separator: "\"", omittingEmptySubsequences: false)
        guard pieces.count > 1 else { return message }
        // Outside and inside of quotes take turns; an unpaired or inner quote makes the rest count as inside.
        return String(pieces[0]) + "\"…\""
    }
}
