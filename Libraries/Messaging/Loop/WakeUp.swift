import CZeroMQ
import Glibc
import Synchronization

/// Wakes a loop thread out of its poll, once however many ask for it.
///
/// A thousand calls of ``signal()`` while the loop is awake or already woken cost one `write`: the flag is lowered only
/// when the loop is about to sleep (``prepareToSleep()``), after which it must look once more for work.
package final class WakeUp: Sendable {
    package let descriptor: Int32
    private let isRaised = Atomic<Bool>(false)
    private let writes = Atomic<Int>(0)

    package init() throws(MessagingError) {
        descriptor = eventfd(0, Int32(EFD_CLOEXEC | EFD_NONBLOCK))
        guard descriptor >= 0 else {
            throw MessagingError(.system(errno), "eventfd: \(String(cString: strerror(errno)))")
        }
    }

    deinit {
        close(descriptor)
    }

    /// How often the descriptor was really written to.
    package var writeCount: Int { writes.load(ordering: .relaxed) }

    /// Makes the loop look for work. Put the work in its place before calling.
    package func signal() {
        guard !isRaised.exchange(true, ordering: .sequentiallyConsistent) else { return }
        writes.wrappingAdd(1, ordering: .relaxed)
        var one: UInt64 = 1
        // Full (EAGAIN) means readable, which is all that is wanted.
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Lowers the flag. From here on a signal ends the coming poll at once.
    ///
    /// The order matters: lowered before the descriptor is emptied, a signal in between would be emptied with it and leave
    /// the flag raised, so that no later one would be written.
    package func prepareToSleep() {
        var count: UInt64 = 0
        // EAGAIN: nobody has written. A write that is still to come after its flag only ends one sleep early.
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
        isRaised.store(false, ordering: .sequentiallyConsistent)
    }
}
