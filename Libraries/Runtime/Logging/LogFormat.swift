/// How log lines are written (`WEIR_LOG_FORMAT`).
public enum LogFormat: String, Sendable, CaseIterable {
    /// For people: time, level, service, message, then `key=value`.
    case text
    /// For programs: one JSON object a line.
    case json
}

/// How much is logged (`WEIR_LOG_LEVEL`); the names are swift-log's.
public enum LogLevelName: String, Sendable, CaseIterable {
    /// Everything, also what only helps to understand a library from inside.
    case trace
    /// What helps while developing.
    case debug
    /// Starts, stops and changes of state; the default.
    case info
    /// Rare but expected.
    case notice
    /// Something is wrong and was dealt with.
    case warning
    /// Something failed.
    case error
    /// The service cannot go on.
    case critical
}
