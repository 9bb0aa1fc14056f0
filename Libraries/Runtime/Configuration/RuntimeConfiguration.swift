import Configuration

/// The settings of one process, read by the names of their environment variables.
///
/// A value comes from the environment, else from the file named by `WEIR_CONFIG`, else from the default at the place of use.
/// A variable that is set to nothing counts as unset. The full name stands at the place of use so that a search for it finds
/// every reader; `docs/configuration.md` lists all of them, and a test compares the two.
public struct RuntimeConfiguration: Sendable {
    private let reader: ConfigReader

    /// Reads `environment`, then the file that its `WEIR_CONFIG` names.
    ///
    /// - Parameter environment: the variables of the process, handed in by its Main.
    /// - Throws: ``ConfigurationError`` when the file cannot be read or has a line that is no `KEY=value`.
    public init(environment: [String: String]) throws {
        self.init(environment: environment, fileValues: try Self.fileValues(environment))
    }

    /// The variables of the process, and below them those of the file that its `WEIR_CONFIG` names, for readers that look for names
    /// they cannot know beforehand, such as the secrets of templates.
    ///
    /// - Throws: ``ConfigurationError`` when the file cannot be read or has a line that is no `KEY=value`.
    public static func variables(_ environment: [String: String]) throws -> [String: String] {
        try fileValues(environment).merging(environment.filter { !$0.value.isEmpty }) { $1 }
    }

    private static func fileValues(_ environment: [String: String]) throws -> [String: String] {
        guard let path = environment["WEIR_CONFIG"], !path.isEmpty else { return [:] }
        return try EnvironmentFile.read(path: path)
    }

    /// Creates the settings from values that are already in memory; `environment` goes before `fileValues`.
    public init(environment: [String: String], fileValues: [String: String]) {
        reader = ConfigReader(providers: [
            EnvironmentVariablesProvider(environmentVariables: environment.filter { !$0.value.isEmpty }),
            EnvironmentVariablesProvider(environmentVariables: fileValues.filter { !$0.value.isEmpty }),
        ])
    }

    /// The text of a setting, or nil when it is not set.
    public func string(_ variable: String) -> String? {
        reader.string(forKey: ConfigKey([variable]), isSecret: true)
    }

    /// The text of a setting, or `defaultValue` when it is not set.
    public func string(_ variable: String, default defaultValue: String) -> String {
        string(variable) ?? defaultValue
    }

    /// The text of a setting that has no default.
    ///
    /// - Throws: ``ConfigurationError`` that names the variable.
    public func requiredString(_ variable: String) throws -> String {
        guard let value = string(variable) else { throw ConfigurationError.missing(variable) }
        return value
    }

    /// The elements of a comma-separated setting without the blanks around them; empty elements are left out.
    public func list(_ variable: String, default defaultValue: [String] = []) -> [String] {
        guard let value = string(variable) else { return defaultValue }
        return value.split(separator: ",").map(trimmed).filter { !$0.isEmpty }
    }

    /// A whole number.
    ///
    /// - Throws: ``ConfigurationError`` when it is no whole number or lies outside `range`.
    public func int(_ variable: String, default defaultValue: Int, in range: ClosedRange<Int> = 0...Int.max) throws
        -> Int
    {
        try optionalInt(variable, in: range) ?? defaultValue
    }

    /// A whole number, or nil when it is not set.
    ///
    /// - Throws: ``ConfigurationError`` when it is no whole number or lies outside `range`.
    public func optionalInt(_ variable: String, in range: ClosedRange<Int> = 0...Int.max) throws -> Int? {
        guard let text = string(variable) else { return nil }
        guard let value = Int(text), range.contains(value) else {
            let expected =
                range.upperBound == Int.max
                ? "a whole number of at least \(range.lowerBound)"
                : "a whole number from \(range.lowerBound) to \(range.upperBound)"
            throw ConfigurationError.invalid(variable, value: text, expected: expected)
        }
        return value
    }

    /// A number with or without a fraction, e.g. a rate per second.
    ///
    /// - Throws: ``ConfigurationError`` when it is no number or lies outside `range`.
    public func double(
        _ variable: String,
        default defaultValue: Double,
        in range: ClosedRange<Double> = 0...Double.greatestFiniteMagnitude
    ) throws -> Double {
        guard let text = string(variable) else { return defaultValue }
        guard let value = Double(text), range.contains(value) else {
            throw ConfigurationError.invalid(
                variable, value: text, expected: "a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// A yes or no: `true`, `yes`, `on`, `1` or `false`, `no`, `off`, `0`, in any case.
    ///
    /// - Throws: ``ConfigurationError`` when it is anything else.
    public func bool(_ variable: String, default defaultValue: Bool) throws -> Bool {
        guard let text = string(variable) else { return defaultValue }
        switch text.lowercased() {
        case "true", "yes", "on", "1": return true
        case "false", "no", "off", "0": return false
        default: throw ConfigurationError.invalid(variable, value: text, expected: "true or false")
        }
    }

    /// A length of time with its unit: `250ms`, `15s`, `5m`, `2h`, `7d`.
    ///
    /// - Throws: ``ConfigurationError`` when it has another form or lies outside `range`.
    public func duration(
        _ variable: String,
        default defaultValue: Duration,
        in range: ClosedRange<Duration> = .zero ... .seconds(3_650 * 86_400)
    ) throws -> Duration {
        guard let text = string(variable) else { return defaultValue }
        guard let value = DurationText.parse(text), range.contains(value) else {
            throw ConfigurationError.invalid(
                variable, value: text,
                expected:
                    "a length of time such as 250ms, 15s, 5m, 2h or 7d, from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return value
    }

    /// Lengths of time, separated by commas: `5s,5m,2h`.
    ///
    /// - Throws: ``ConfigurationError`` when one has another form or lies outside `range`, or when there are more than `countMax`.
    public func durations(
        _ variable: String,
        default defaultValue: [Duration],
        in range: ClosedRange<Duration>,
        countMax: Int
    ) throws -> [Duration] {
        guard let text = string(variable) else { return defaultValue }
        let values = list(variable).map(DurationText.parse)
        guard values.count <= countMax, values.allSatisfy({ $0.map(range.contains) ?? false }) else {
            throw ConfigurationError.invalid(
                variable, value: text,
                expected:
                    "at most \(countMax) lengths of time such as 5s,5m,2h, each from \(range.lowerBound) to \(range.upperBound)"
            )
        }
        return values.compactMap { $0 }
    }

    /// A number of bytes, with or without a unit: `65536`, `64KiB`, `8MiB`, `1GiB`.
    ///
    /// - Throws: ``ConfigurationError`` when it has another form or lies outside `range`.
    public func bytes(_ variable: String, default defaultValue: Int, in range: ClosedRange<Int> = 0...Int.max) throws
        -> Int
    {
        guard let text = string(variable) else { return defaultValue }
        guard let value = ByteCountText.parse(text), range.contains(value) else {
            throw ConfigurationError.invalid(
                variable, value: text,
                expected:
                    "a number of bytes such as 65536, 64KiB or 8MiB, from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// One of the cases of an enumeration of strings.
    ///
    /// - Throws: ``ConfigurationError`` that lists the cases when it is none of them.
    public func choice<Choice: RawRepresentable & CaseIterable>(
        _ variable: String,
        default defaultValue: Choice
    ) throws -> Choice where Choice.RawValue == String {
        guard let text = string(variable) else { return defaultValue }
        guard let value = Choice(rawValue: text.lowercased()) else {
            let choices = Choice.allCases.map(\.rawValue).joined(separator: ", ")
            throw ConfigurationError.invalid(variable, value: text, expected: "one of \(choices)")
        }
        return value
    }
}
