import Foundation
import Synchronization

/// A real HTTP server on a free loopback port that does what a closure says. One thread per connection, so the closure may block.
final class StubServer: Sendable {
    typealias Handler = @Sendable (StubRequest) -> StubReply

    private struct State {
        var connections: Set<Int32> = []
        var isStopped = false
    }

    private let socket: ListeningSocket
    private let handler: Handler
    private let state = Mutex(State())
    private let threads = DispatchGroup()

    init(handler: @escaping Handler) throws {
        self.handler = handler
        socket = try ListeningSocket()
        startThread { self.acceptAll() }
    }

    /// Where it is.
    var url: String { "http://127.0.0.1:\(socket.port)" }

    /// Breaks all connections and returns when all threads have ended; the handler must not block any more.
    func stop() async {
        state.withLock { state in
            state.isStopped = true
            for descriptor in state.connections { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        socket.shutdown()
        await withCheckedContinuation { continuation in
            threads.notify(queue: .global()) { continuation.resume() }
        }
        socket.close()
    }

    private func acceptAll() {
        while let descriptor = socket.accept() {
            let isStopped = state.withLock { state in
                if !state.isStopped { state.connections.insert(descriptor) }
                return state.isStopped
            }
            guard !isStopped else {
                close(descriptor)
                return
            }
            startThread { self.serve(descriptor) }
        }
    }

    private func serve(_ descriptor: Int32) {
        var connection = StubConnection(descriptor: descriptor)
        while let request = connection.receive(), connection.send(handler(request)) {}
        // Taken off the list before it is closed: the number may be another's a moment later.
        state.withLock { _ = $0.connections.remove(descriptor) }
        close(descriptor)
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
