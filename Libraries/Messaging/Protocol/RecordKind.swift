/// What a record on the bus says.
package enum RecordKind: UInt8, Sendable {
    // Client to broker
    /// First record on a new connection. `body`: the client's name for logs. Answered with `welcome`.
    case hello = 1
    /// Sign of life in both directions. From a client `id` is the session it believes in.
    case heartbeat = 2
    /// The client leaves; the broker forgets it at once.
    case goodbye = 3
    /// Consumer `id` of this client wants `topic`.
    case subscribe = 4
    /// Consumer `id` takes no more messages.
    case unsubscribe = 5
    /// Consumer `id` takes `number` messages more.
    case credit = 6
    /// Asks for a `pong` with the same `id`.
    case ping = 7

    // Both ways
    /// A hint: `topic`, `key`, `body`. To a consumer, `number` says which.
    case hint = 16
    /// A command. From the requester `id` is its correlation and `number` its time-out in milliseconds;
    /// to a consumer `id` is the broker's own number of the command and `number` says which consumer.
    case command = 17
    /// The answer to command `id`. With the flag `rejected`, `topic` holds the reason's code and `body` its text.
    case reply = 18
    /// A report for observers: `topic`, `key`, `body`. The broker shows it to whoever observes, and keeps it for nobody.
    case report = 19

    // Broker to client
    /// Answers `hello` and opens session `id`; `number` is the broker's heartbeat in milliseconds.
    case welcome = 32
    /// Answers `ping`.
    case pong = 33
    /// The broker could not do what was asked: `code` and, as `body`, the reason. `id` is the correlation of the command
    /// concerned, or 0.
    case refusal = 34
}

/// Flags of a record.
package struct RecordFlags: OptionSet, Sendable {
    package let rawValue: UInt8
    package init(rawValue: UInt8) { self.rawValue = rawValue }
    /// A reply that says no.
    package static let rejected = RecordFlags(rawValue: 1)
}
