import Contracts

extension ReadySource {
    /// The key of the hint that the source has runs: `org/source`.
    public var hint: String { "\(org)/\(source)" }

    /// Reads the key of such a hint; nil when it is something else.
    public init?(hint: String) {
        let parts = hint.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let org = OrgID(String(parts[0])), let source = SourceID(String(parts[1])) else {
            return nil
        }
        self.init(org: org, source: source)
    }
}

extension Hint {
    /// A source has runs to execute.
    public static func runReady(_ ready: ReadySource) -> Hint {
        Hint(topic: Topic.runReady, key: ready.hint, org: ready.org)
    }
}
