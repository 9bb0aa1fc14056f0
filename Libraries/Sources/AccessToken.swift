/// A token of an authorization server, as it is used.
public struct AccessToken: Sendable, Hashable {
    /// What is sent.
    public var text: String
    /// How long it may still be used: a little less than the server said.
    public var life: Duration
    /// Which of a source's tokens it is: each new one has a higher number. 0: it is nobody's but this call's.
    public var generation: Int64

    /// A token.
    public init(text: String, life: Duration, generation: Int64 = 0) {
        self.text = text
        self.life = life
        self.generation = generation
    }
}
