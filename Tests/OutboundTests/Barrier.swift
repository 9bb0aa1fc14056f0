import Glibc
import Synchronization

/// Lets threads of a server, and a test's task, go on only when all of a number have come. Opens once, stays open.
final class Barrier: Sendable {
    private let missing: Mutex<Int>
    private let opened = AsyncSignal()

    /// Readable once the barrier is open, for threads, which cannot await: the reading end of a pipe whose writing
    /// end is closed then.
    private let gate: (reader: Int32, writer: Int32)

    init(count: Int) {
        missing = Mutex(count)
        var ends: [Int32] = [0, 0]
        precondition(pipe(&ends) == 0)
        gate = (ends[0], ends[1])
    }

    deinit {
        close(gate.reader)
    }

    func wait() {
        arrive()
        var poller = pollfd(fd: gate.reader, events: Int16(POLLIN), revents: 0)
        while poll(&poller, 1, -1) < 0 {}
    }

    func waitAsync() async {
        arrive()
        await opened.wait()
    }

    private func arrive() {
        let isLast = missing.withLock { missing in
            missing -= 1
            return missing == 0
        }
        guard isLast else { return }
        close(gate.writer)
        opened.fire()
    }
}
