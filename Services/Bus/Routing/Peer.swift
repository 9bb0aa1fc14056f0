import Messaging

/// A client as the router knows it, from its first frame until it leaves or falls silent.
final class Peer {
    typealias Instant = SuspendingClock.Instant

    /// The number that the ROUTER socket chose for the connection.
    let routingID: UInt32
    /// What the client must repeat in its heartbeats; another one tells it to introduce itself anew.
    var session: UInt64
    var name = ""
    var lastHeard: Instant
    var consumers: [UInt64: Consumer] = [:]
    /// Commands handed to this client and not answered yet.
    var heldCommands: Set<UInt64> = []
    /// Records on their way to the client; sent at the end of the turn, or when it is full.
    var batch = BatchBuilder()
    /// Whether the batch waits for the end of the turn.
    var isDirty = false
    /// Whether the socket did not take the batch: the client does not read.
    var isBlocked = false
    var isForgotten = false

    init(routingID: UInt32, session: UInt64, now: Instant) {
        self.routingID = routingID
        self.session = session
        self.lastHeard = now
    }

    var isFull: Bool { batch.byteCount >= BusLimits.batchBytesTarget }
}
