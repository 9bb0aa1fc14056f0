internal import CCurl
import Glibc
import Synchronization

/// The only thing that callers and the loop's thread share: commands go in, statistics come out.
///
/// Many commands cost one wake-up: the descriptor is written to only while the thread sleeps.
final class Mailbox: Sendable {
    enum Command: Sendable {
        case start(Exchange, OutcomeContinuation)
        case cancel(Exchange)
        case stop
    }

    private struct State {
        var commands: [Command] = []
        var isLoopAsleep = false
        var hasEnded = false
        var closers: [UnsafeContinuation<Void, Never>] = []
        var statistics = OutboundStatistics()
    }

    private let state = Mutex(State())

    /// An eventfd, watched by the loop edge-triggered so that it need not be read.
    let wakeDescriptor: Int32

    init() throws(OutboundError) {
        wakeDescriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard wakeDescriptor >= 0 else { throw OutboundError(systemCall: "eventfd", errno: errno) }
    }

    deinit {
        Glibc.close(wakeDescriptor)
    }

    var statistics: OutboundStatistics {
        state.withLock { $0.statistics }
    }

    /// Hands a command to the loop. After the loop's end a start is answered here, with `closed`.
    func post(_ command: Command) {
        let (hasEnded, isWakeNeeded) = state.withLock { state in
            guard !state.hasEnded else { return (true, false) }
            return (false, Self.append(command, to: &state))
        }
        if isWakeNeeded { wake() }
        if hasEnded, case .start(let exchange, let continuation) = command {
            continuation.resume(returning: .failure(.closed(exchange)))
        }
    }

    /// Asks the loop to end, and resumes the continuation when it has.
    func close(_ closer: UnsafeContinuation<Void, Never>) {
        let (hasEnded, isWakeNeeded) = state.withLock { state in
            guard !state.hasEnded else { return (true, false) }
            state.closers.append(closer)
            return (false, Self.append(.stop, to: &state))
        }
        if isWakeNeeded { wake() }
        if hasEnded { closer.resume() }
    }

    // MARK: The loop's side

    /// Moves all commands into an empty array, whose storage takes their place.
    func take(into commands: inout [Command], publishing statistics: OutboundStatistics) {
        state.withLock { state in
            state.isLoopAsleep = false
            state.statistics = statistics
            swap(&state.commands, &commands)
        }
    }

    /// Whether the loop may sleep: `false` when commands have come meanwhile. From here on a command wakes it.
    func prepareToSleep() -> Bool {
        state.withLock { state in
            state.isLoopAsleep = state.commands.isEmpty
            return state.isLoopAsleep
        }
    }

    /// Says that the loop has ended: refuses what still came, and lets everyone go who waited for it.
    func end(publishing statistics: OutboundStatistics) {
        let (commands, closers) = state.withLock { state in
            state.hasEnded = true
            state.statistics = statistics
            defer {
                state.commands = []
                state.closers = []
            }
            return (state.commands, state.closers)
        }
        for case .start(let exchange, let continuation) in commands {
            continuation.resume(returning: .failure(.closed(exchange)))
        }
        for closer in closers { closer.resume() }
    }

    private static func append(_ command: Command, to state: inout State) -> Bool {
        state.commands.append(command)
        defer { state.isLoopAsleep = false }
        return state.isLoopAsleep
    }

    private func wake() {
        // The only failure is a full counter, which means that a wake-up is under way already.
        var one: UInt64 = 1
        _ = write(wakeDescriptor, &one, MemoryLayout<UInt64>.size)
    }
}
