/// A secret that cannot be had. It names the secret and the remedy, never a value.
public struct SecretError: Error, CustomStringConvertible, Equatable {
    /// Why a secret cannot be had.
    public enum Problem: Sendable, Equatable {
        /// The name holds something other than letters, digits and `_`, or is too long.
        case invalidName
        /// Neither a variable nor a file, or both are empty.
        case missing
        /// The file exists and cannot be read.
        case unreadable
        /// The file has more than ``SecretResolver/bytesMax`` bytes.
        case tooLarge
        /// The file is not UTF-8.
        case notText
    }

    /// The name in `<<$secret.NAME>>`.
    public let name: String
    /// Why it cannot be had.
    public let problem: Problem

    /// Creates an error about one secret.
    public init(name: String, problem: Problem) {
        self.name = name
        self.problem = problem
    }

    /// One line: what is wrong and what to do.
    public var description: String {
        switch problem {
        case .invalidName:
            "The secret name \"\(name.prefix(100))\" is not valid: use at most 100 letters, digits and underscores."
        case .missing:
            "The secret \(name) is not set: set WEIR_SECRET_\(name.uppercased()), or put it in the file \(name) in WEIR_SECRETS_DIR."
        case .unreadable:
            "The file of the secret \(name) in WEIR_SECRETS_DIR cannot be read: give the service's account the right to read it."
        case .tooLarge:
            "The file of the secret \(name) in WEIR_SECRETS_DIR is too large: a secret has at most \(SecretResolver.bytesMax) bytes."
        case .notText:
            "The file of the secret \(name) in WEIR_SECRETS_DIR is not UTF-8 text."
        }
    }
}
