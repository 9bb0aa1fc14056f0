import Messaging

/// A command from its arrival until it is answered, by whomever.
struct Command {
    /// The client that asked, and the number under which it waits for the answer.
    let requester: UInt32
    let correlation: UInt64
    let deadline: SuspendingClock.Instant
    let topic: Topic
    let key: [UInt8]
    /// Kept while it waits for a consumer.
    var body: [UInt8]
    /// The client it was handed to.
    var holder: UInt32?

    var size: Int { key.count + body.count }
}
