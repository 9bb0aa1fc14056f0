/// A setting that is missing or cannot be used.
///
/// The description is one line that says what is wrong, where, and what to do. It quotes the offending value only when the
/// accessor that threw it reads settings that hold no secrets (numbers, durations, booleans, choices).
public struct ConfigurationError: Error, CustomStringConvertible, Equatable {
    /// The name of the environment variable, e.g. `WEIR_DATABASE_URL`, or the path of the file named by `WEIR_CONFIG`.
    public let setting: String
    /// What is wrong with it, as the rest of a sentence: `is not set`.
    public let problem: String
    /// What to do about it, as a sentence without the full stop.
    public let remedy: String

    /// Creates an error about one setting.
    public init(setting: String, problem: String, remedy: String) {
        self.setting = setting
        self.problem = problem
        self.remedy = remedy
    }

    /// One line: `WEIR_HTTP_PORT is "x", which is not a whole number. Set it to …`
    public var description: String { "\(setting) \(problem). \(remedy)." }

    /// A setting that must be there and is not.
    public static func missing(_ setting: String, remedy: String? = nil) -> Self {
        Self(
            setting: setting,
            problem: "is not set",
            remedy: remedy
                ?? "Set it in the environment or in the file named by WEIR_CONFIG (see docs/configuration.md)"
        )
    }

    /// A setting whose value is of the wrong form; `value` is quoted, cut to 60 characters.
    public static func invalid(_ setting: String, value: String, expected: String) -> Self {
        let shown = value.count > 60 ? value.prefix(60) + "…" : value[...]
        return Self(setting: setting, problem: "is \"\(shown)\"", remedy: "Set it to \(expected)")
    }
}
