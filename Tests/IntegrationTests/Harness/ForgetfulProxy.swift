import Foundation
import Synchronization

/// Stands between a service and Postgres, and now and then loses the answer to a statement that the server has executed and committed:
/// the service cannot know what became of it.
final class ForgetfulProxy: Sendable {
    private struct State {
        var interval = 0
        var lossesMax = 0
        var answers = 0
        var losses = 0
        var open: Set<Int32> = []
        var isStopped = false
    }

    /// The directory of its socket, for `host=` of a connection string.
    let directory: String
    private let upstream: String
    private let listener: Int32
    private let state = Mutex(State())
    private let threads = DispatchGroup()

    /// - Parameters:
    ///   - directory: an empty directory for the proxy's socket.
    ///   - upstream: the directory of the server's socket.
    init(directory: String, upstream: String) throws {
        self.directory = directory
        self.upstream = upstream
        listener = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        let isListening = Self.withAddress(directory) { bind(listener, $0, $1) == 0 } && listen(listener, 64) == 0
        guard isListening else { throw HarnessError("cannot listen in \(directory): errno \(errno)") }
        startThread { self.acceptAll() }
    }

    /// Answers lost so far.
    var losses: Int { state.withLock { $0.losses } }

    /// Loses an answer after every so many, from now on.
    func loseAnswers(every interval: Int, atMost lossesMax: Int) {
        state.withLock { state in
            state.interval = interval
            state.lossesMax = lossesMax
        }
    }

    /// Breaks all connections and returns when all threads have ended.
    func stop() async {
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
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            let server = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            _ = fcntl(client, F_SETFD, FD_CLOEXEC)
            let isStopped = state.withLock { state in
                state.open.formUnion([client, server])
                return state.isStopped
            }
            guard !isStopped, Self.withAddress(upstream, { connect(server, $0, $1) == 0 }) else {
                end(client, server)
                continue
            }
            startThread { self.serve(client, server) }
        }
    }

    private func serve(_ client: Int32, _ server: Int32) {
        let forward = DispatchSemaphore(value: 0)
        startThread {
            Self.pump(from: client, to: server) { _ in true }
            shutdown(server, Int32(SHUT_RDWR))
            forward.signal()
        }
        Self.pump(from: server, to: client) { !self.isToBeLost($0) }
        shutdown(client, Int32(SHUT_RDWR))
        forward.wait()
        end(client, server)
    }

    /// Whether the bytes end the answer to a statement outside of a transaction, and are the ones to lose: ReadyForQuery with the
    /// status `I` (https://www.postgresql.org/docs/15/protocol-message-formats.html).
    private func isToBeLost(_ bytes: ArraySlice<UInt8>) -> Bool {
        guard bytes.suffix(6).elementsEqual([0x5A, 0, 0, 0, 5, 0x49]) else { return false }
        return state.withLock { state in
            guard state.losses < state.lossesMax else { return false }
            state.answers += 1
            guard state.answers.isMultiple(of: state.interval) else { return false }
            state.losses += 1
            return true
        }
    }

    private func end(_ client: Int32, _ server: Int32) {
        // Taken off the list before they are closed: the numbers may be others' a moment later.
        state.withLock { $0.open.subtract([client, server]) }
        close(client)
        close(server)
    }

    /// Copies until one side ends or a piece is not let through.
    private static func pump(from source: Int32, to target: Int32, isLetThrough: (ArraySlice<UInt8>) -> Bool) {
        var buffer = [UInt8](repeating: 0, count: 256 << 10)
        while true {
            let count = recv(source, &buffer, buffer.count, 0)
            if count < 0, errno == EINTR { continue }
            guard count > 0, isLetThrough(buffer[..<count]) else { return }
            var sent = 0
            while sent < count {
                let written = buffer[sent..<count].withUnsafeBytes {
                    send(target, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
                if written < 0, errno == EINTR { continue }
                guard written > 0 else { return }
                sent += written
            }
        }
    }

    private static func withAddress<Output>(
        _ directory: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Output
    ) -> Output {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { path in
            path.copyBytes(from: Array("\(directory)/.s.PGSQL.5432".utf8).prefix(path.count - 1))
        }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private func startThread(_ body: @escaping @Sendable () -> Void) {
        threads.enter()
        Thread.detachNewThread {
            body()
            self.threads.leave()
        }
    }
}
