import JSON
import Runtime
import Synchronization
import Templates

/// The secrets of a trial: read as the services read them, and taken out of everything that is shown.
final class TrialSecrets: Sendable {
    private let resolver: SecretResolver
    private let values = Mutex<Set<String>>([])

    init(_ resolver: SecretResolver) {
        self.resolver = resolver
    }

    func resolve(_ name: String) throws -> String {
        let value = try resolver.resolve(name)
        values.withLock { _ = $0.insert(value) }
        return value
    }

    /// JSON text as it may be shown.
    func shown(_ json: some Sequence<UInt8>) -> JSONValue {
        let text = mask.beginning(of: Array(json), bytesMax: .max).bytes
        return (try? JSONValue(parsing: text)) ?? .string(String(decoding: text, as: UTF8.self))
    }

    /// A text as it may be shown.
    func shown(_ text: String) -> String {
        String(decoding: mask.beginning(of: Array(text.utf8), bytesMax: .max).bytes, as: UTF8.self)
    }

    private var mask: SecretMask { SecretMask(values.withLock { Array($0) }) }
}
