import Foundation
import Synchronization

/// A TCP server on 127.0.0.1 that does to each connection what a script says, byte for byte. One thread per connection, so that scripts may block.
public final class RawServer: Sendable {
    /// What is done to a connection; when it returns, the connection is closed.
    public typealias Script = @Sendable (RawConnection) -> Void

    private struct State {
        var open: Set<Int32> = []
        var accepted = 0
        var isStopped = false
    }

    /// Where it listens.
    public let port: UInt16
    private let listener: Int32
    private let script: Script
    private let state = Mutex(State())
    private let threads = DispatchGroup()

    /// Listens at a free port.
    public init(_ script: @escaping Script) throws {
        self.script = script
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 512) == 0
                    && getsockname(listener, pointer, &length) == 0
            }
        }
        self.listener = listener
        port = UInt16(bigEndian: address.sin_port)
        guard isListening else {
            close(listener)
            throw TestServerError("cannot listen on 127.0.0.1: errno \(errno)")
        }
        startThread { self.acceptAll() }
    }

    /// How many connections have been made.
    public var connectionsAccepted: Int { state.withLock { $0.accepted } }

    /// How many of them are open.
    public var connectionsOpen: Int { state.withLock { $0.open.count } }

    /// Breaks all connections and returns when all threads have ended.
    public func stop() async {
        state.withLock { state in
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        await withCheckedContinuation { continuation in
            threads.notify(queue: .global()) { continuation.resume() }
        }
        close(listener)
    }

    private func acceptAll() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { return }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            let isStopped = state.withLock { state in
                state.accepted += 1
                if !state.isStopped { state.open.insert(descriptor) }
                return state.isStopped
            }
            guard !isStopped else {
                close(descriptor)
                return
            }
            startThread {
                self.script(RawConnection(descriptor: descriptor))
                // Taken off the list before it is closed: the number may be another's a moment later.
                self.state.withLock { _ = $0.open.remove(descriptor) }
                close(descriptor)
            }
        }
    }

    private func startThread(_ body: @escaping @Sendable () -> Void) {
        threads.enter()
        let thread = Thread {
            body()
            self.threads.leave()
        }
        thread.stackSize = 1 << 20
        thread.start()
    }
}
