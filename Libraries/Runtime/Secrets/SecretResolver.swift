import Synchronization

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// The values behind `<<$secret.NAME>>` in templates.
///
/// A secret comes from the setting `WEIR_SECRET_` + NAME in upper case, else from the file `NAME` in the directory
/// named by `WEIR_SECRETS_DIR` (without the line end at its end). A value is read once and kept. No description, error or log of
/// this type ever holds a value.
public final class SecretResolver: Sendable, CustomStringConvertible {
    /// The largest secret, in bytes.
    public static let bytesMax = 64 << 10

    private let environment: [String: String]
    private let directory: String?
    private let cache = Mutex<[String: String]>([:])

    /// Creates a resolver over the settings of the process: its variables and those of the file named by `WEIR_CONFIG`
    /// (``RuntimeConfiguration/variables(_:)``).
    public init(environment: [String: String]) {
        self.environment = environment.filter { $0.key.hasPrefix("WEIR_SECRET_") && !$0.value.isEmpty }
        self.directory = environment["WEIR_SECRETS_DIR"].flatMap { $0.isEmpty ? nil : $0 }
    }

    /// The value of a secret. Reads a small local file the first time when the environment does not have it.
    ///
    /// - Parameter name: letters, digits and `_`, at most 100.
    /// - Throws: ``SecretError`` with the name and what to do; never with a value.
    public func resolve(_ name: String) throws(SecretError) -> String {
        guard Self.isName(name) else { throw SecretError(name: name, problem: .invalidName) }
        if let value = environment["WEIR_SECRET_" + name.uppercased()] { return value }
        if let value = cache.withLock({ $0[name] }) { return value }
        guard let directory else { throw SecretError(name: name, problem: .missing) }
        let value = try Self.readFile("\(directory)/\(name)", name: name)
        cache.withLock { $0[name] = value }
        return value
    }

    /// Says only how secrets are found.
    public var description: String { "SecretResolver(directory: \(directory ?? "none"))" }

    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.count <= 100
            && name.utf8.allSatisfy { byte in
                byte == UInt8(ascii: "_") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
                    || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
            }
    }

    private static func readFile(_ path: String, name: String) throws(SecretError) -> String {
        guard FileManager.default.fileExists(atPath: path) else { throw SecretError(name: name, problem: .missing) }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SecretError(name: name, problem: .unreadable)
        }
        guard data.count <= bytesMax else { throw SecretError(name: name, problem: .tooLarge) }
        guard var value = String(data: data, encoding: .utf8) else { throw SecretError(name: name, problem: .notText) }
        while let last = value.last, last.isNewline { value.removeLast() }
        guard !value.isEmpty else { throw SecretError(name: name, problem: .missing) }
        return value
    }
}
