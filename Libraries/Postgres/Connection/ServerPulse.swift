internal import Synchronization

/// Whether servers answer at all, asked by one session for all that wait: when a lock holds up a pool, each of its sessions waits long, and
/// a connection for each of their questions would double what the server has to bear.
final class ServerPulse: Sendable {
    private struct Look {
        let end: ContinuousClock.Instant
        let isSilent: Bool
    }

    private let parameters: ConnectionParameters
    private let timeout: Duration
    private let looks = Mutex<[ServerAddress: Look]>([:])

    init(_ parameters: ConnectionParameters, timeout: Duration) {
        self.parameters = parameters
        self.timeout = timeout
    }

    /// Asks the server, or takes what it answered somebody else meanwhile. Blocks.
    ///
    /// - Parameter age: for how long an answer of the past counts; a silence of the past never does.
    func isSilent(_ server: ServerAddress, age: Duration) -> Bool {
        let start = ContinuousClock.now
        // Held while it asks: whoever comes meanwhile waits for the same answer. All of them are threads of connections.
        return looks.withLock { looks in
            if let look = looks[server], look.isSilent ? look.end >= start : look.end >= start - age {
                return look.isSilent
            }
            let isSilent = parameters.naming(server).serverIsSilent(for: timeout)
            looks[server] = Look(end: .now, isSilent: isSilent)
            return isSilent
        }
    }
}
