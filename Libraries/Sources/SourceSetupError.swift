/// Why stored JSON is no ``SourceSetup``. The catalogue was checked when it was applied, so that what fails was written past it.
public struct SourceSetupError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The place in the setup, such as `$.retry.attempts`.
    public let path: String
    /// What is wrong, a clause without a full stop. Never repeats a text, which may hold a credential.
    public let reason: String

    init(at path: String, _ reason: String) {
        self.path = path
        self.reason = reason
    }

    /// A sentence for a person.
    public var description: String { "\(path): \(reason)" }
}
