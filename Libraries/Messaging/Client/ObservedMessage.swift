/// A copy of a message that went over the bus, as observers see it.
public struct ObservedMessage: Sendable, Equatable {
    /// The message's topic.
    public let topic: String
    /// The message's key.
    public let key: String
    /// The message's body; empty for commands, whose data observers do not see.
    public let body: [UInt8]
    /// Whether the message is a command.
    public let isCommand: Bool
    /// How many messages of this topic the observer missed since the one before: the feed drops rather than wait.
    public let missedCount: Int

    /// A message as an observer sees it.
    public init(topic: String, key: String, body: [UInt8], isCommand: Bool, missedCount: Int) {
        self.topic = topic
        self.key = key
        self.body = body
        self.isCommand = isCommand
        self.missedCount = missedCount
    }
}
