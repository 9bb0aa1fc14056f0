/// What became of a hint inside the client.
public enum PublishOutcome: Sendable {
    /// It waits in the outbox for the next turn of the loop.
    case accepted
    /// It took the place of a hint with the same topic and key that still waited.
    case merged
    /// It will not be sent: too large, or the client is closed.
    case refused(MessagingError)
}
