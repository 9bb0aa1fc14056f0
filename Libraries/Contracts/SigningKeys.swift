/// The keys of an installation: one that signs and seals, and those before it, whose work stays good.
public struct SigningKeys: Sendable {
    /// How short a key may be, in bytes.
    public static let lengthMin = 16
    /// How many old keys there may be.
    public static let oldMax = 8

    /// Signs and seals; `WEIR_SIGNING_KEY`.
    let current: String
    /// What was signed with them is still accepted, and what was sealed with them still opens; `WEIR_SIGNING_KEYS_OLD`.
    let old: [String]

    /// nil when a key is too short, or there are too many.
    public init?(current: String, old: [String] = []) {
        guard ([current] + old).allSatisfy({ $0.utf8.count >= Self.lengthMin }), old.count <= Self.oldMax else {
            return nil
        }
        self.current = current
        self.old = old
    }
}
