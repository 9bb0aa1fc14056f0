import Foundation
import Synchronization

/// Stands between a client and a server on loopback, and resets connections in the middle of an answer.
final class CuttingProxy: Sendable {
    private struct State {
        var budgets: [Int]
        var connections = 0
        var open: Set<Int32> = []
        var isStopped = false
    }

    private let socket: ListeningSocket
    private let upstream: UInt16
    private let state: Mutex<State>
    private let threads = DispatchGroup()

    /// - Parameters:
    ///   - upstream: the port of the server.
    ///   - budgets: how many bytes of answers the first connection lasts for, the second, …; later ones are not cut.
    init(upstream: UInt16, cuttingAfter budgets: [Int]) throws {
        self.upstream = upstream
        state = Mutex(State(budgets: budgets))
        socket = try ListeningSocket()
        startThread { self.acceptAll() }
    }

    var url: String { "http://127.0.0.1:\(socket.port)" }

    /// How many connections there were so far.
    var connections: Int { state.withLock { $0.connections } }

    /// Cuts no more connections from now on.
    func heal() {
        state.withLock { $0.budgets = [] }
    }

    /// Breaks all connections and returns when all threads have ended.
    func stop() async {
        state.withLock { state in
            state.isStopped = true
            for descriptor in state.open { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        socket.shutdown()
        await withCheckedContinuation { continuation in
            threads.notify(queue: .global()) { continuation.resume() }
        }
        socket.close()
    }

    private func acceptAll() {
        while let client = socket.accept() {
            guard let server = connectUpstream() else {
                close(client)
                continue
            }
            let budget = state.withLock { state -> Int? in
                guard !state.isStopped else { return nil }
                state.connections += 1
                state.open.formUnion([client, server])
                return state.budgets.isEmpty ? .max : state.budgets.removeFirst()
            }
            guard let budget else {
                close(client)
                close(server)
                return
            }
            startThread { self.serve(client, server, budget) }
        }
    }

    private func serve(_ client: Int32, _ server: Int32, _ budget: Int) {
        let forward = DispatchSemaphore(value: 0)
        startThread {
            Self.pump(from: client, to: server, atMost: .max)
            shutdown(server, Int32(SHUT_WR))
            forward.signal()
        }
        if Self.pump(from: server, to: client, atMost: budget) {
            // Closing with a linger time of zero sends RST (socket(7), SO_LINGER).
            var linger = linger(l_onoff: 1, l_linger: 0)
            setsockopt(client, SOL_SOCKET, SO_LINGER, &linger, socklen_t(MemoryLayout<linger>.size))
        }
        shutdown(server, Int32(SHUT_RDWR))
        shutdown(client, Int32(SHUT_RD))
        forward.wait()
        // Taken off the list before they are closed: the numbers may be another's a moment later.
        state.withLock { $0.open.subtract([client, server]) }
        close(client)
        close(server)
    }

    /// True when so many bytes have gone through, false when one side has ended before.
    @discardableResult
    private static func pump(from source: Int32, to target: Int32, atMost budget: Int) -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        var left = budget
        while left > 0 {
            let count = recv(source, &buffer, min(buffer.count, left), 0)
            guard count > 0 else { return false }
            var sent = 0
            while sent < count {
                let written = buffer[sent..<count].withUnsafeBytes {
                    send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                guard written > 0 else { return false }
                sent += written
            }
            left -= count
        }
        return true
    }

    private func connectUpstream() -> Int32? {
        let descriptor = Foundation.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = upstream.bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        if isConnected { return descriptor }
        close(descriptor)
        return nil
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
