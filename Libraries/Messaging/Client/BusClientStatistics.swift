/// What a client has done since it was made, and what waits now.
public struct BusClientStatistics: Sendable, Equatable {
    /// Hints handed in by `publish`.
    public var published = 0
    /// Hints that took the place of a waiting one.
    public var merged = 0
    /// Hints that were dropped: pushed out of a full outbox, or on a connection that broke.
    public var dropped = 0
    /// Hints that were refused: too large, or the client was closed.
    public var refused = 0
    /// Hints and commands that arrived.
    public var received = 0
    /// Arrivals that nobody here consumes any more.
    public var unclaimed = 0
    /// Commands sent off by `request`.
    public var requests = 0
    /// Commands that got an answer, whatever it says.
    public var answers = 0
    /// Bytes from a broker that could not be read, and records that the broker refused.
    public var malformed = 0
    /// Observed messages that the observer was too slow to take.
    public var observationsDropped = 0
    /// Sessions with brokers that were opened, the first one included.
    public var sessions = 0
    /// Brokers that are alive now.
    public var connectedEndpoints = 0
    /// Hints that wait now.
    public var outboxWaiting = 0
    /// Times the loop was woken by a write to its descriptor.
    public var wakeUps = 0
}
