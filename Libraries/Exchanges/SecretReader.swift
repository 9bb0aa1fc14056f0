import JSON
import Templates

/// Reads the secrets of one exchange, and remembers what must not show up anywhere.
struct SecretReader: Sendable {
    private let resolve: @Sendable (String) throws -> String
    /// The values read so far, and what was made of them.
    private(set) var values: [String] = []
    /// What was wrong with the first that could not be read.
    private(set) var problem: String?

    init(_ resolve: @escaping @Sendable (String) throws -> String) {
        self.resolve = resolve
    }

    /// Takes these secrets out of what others say.
    var mask: SecretMask { SecretMask(values) }

    /// Something made of secrets is a secret too.
    mutating func add(_ value: String) {
        // Each page of an answer reads the same ones.
        if !values.contains(value) { values.append(value) }
    }

    /// The value of `secret.NAME`; nil for other variables, and if there is none.
    mutating func value(of variable: String) -> String? {
        guard variable.hasPrefix(TemplateVariable.secretPrefix) else { return nil }
        do {
            let value = try resolve(String(variable.dropFirst(TemplateVariable.secretPrefix.count)))
            add(value)
            return value
        } catch {
            if problem == nil { problem = "\(error)" }
            return nil
        }
    }

    /// A text of the declaration, with its secrets in place.
    mutating func text(_ declared: String) throws(ExchangeFailure) -> String {
        // Nearly always a whole placeholder, or none.
        guard declared.utf8.contains(UInt8(ascii: "<")) else { return declared }
        let (text, isResolved) = PlaceholderText(declared).render { value(of: $0).map(JSONValue.string) }
        try check()
        guard isResolved else {
            throw ExchangeFailure(unsendable: "the source's auth names variables that are no secrets")
        }
        return text
    }

    /// Throws if a secret could not be read.
    func check() throws(ExchangeFailure) {
        if let problem { throw ExchangeFailure(secretMissing: problem) }
    }
}
