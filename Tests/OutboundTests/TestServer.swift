import Glibc
import Synchronization
import Testing

/// A real HTTP server on a free loopback port that does what a test scripts, byte for byte. One thread per connection.
final class TestServer: Sendable {
    typealias Script = @Sendable (TestConnection) -> Void

    private struct State {
        var connections: [Int32] = []
        var accepted = 0
        var isStopped = false
        var running = 0
        var stopper: CheckedContinuation<Void, Never>?
    }

    let port: UInt16
    private let address: String
    private let listener: Int32
    private let script: Script
    private let state = Mutex(State())

    /// Listens on 127.0.0.1 or another IPv4 address of loopback, at a free port unless one is given; or on ::1.
    init(
        address: String = "127.0.0.1", port: UInt16 = 0, ipv6: Bool = false, backlog: Int32 = 512,
        script: @escaping Script
    ) throws {
        _ = Self.hasRaisedDescriptorLimit
        self.script = script
        self.address = address
        listener = socket(ipv6 ? AF_INET6 : AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        try #require(listener >= 0)
        self.port = try ipv6 ? Self.bindIPv6(listener) : Self.bindIPv4(listener, address, port)
        try #require(listen(listener, backlog) == 0)
        state.withLock { $0.running += 1 }
        startThread { self.acceptAll() }
    }

    /// Tests hold both ends of all connections, more than the usual soft limit of 1,024 descriptors when they run
    /// side by side.
    private static let hasRaisedDescriptorLimit: Bool = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return false }
        limit.rlim_cur = min(limit.rlim_max, max(limit.rlim_cur, 8192))
        return setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
    }()

    /// How many connections have been made.
    var connectionsAccepted: Int { state.withLock { $0.accepted } }

    func url(_ path: String = "/", host: String? = nil) -> String {
        "http://\(host ?? address):\(port)\(path)"
    }

    /// Breaks all connections and returns when all threads have ended. Later calls do nothing.
    func stop() async {
        let isFirst = state.withLock { state in
            defer { state.isStopped = true }
            return !state.isStopped
        }
        // A second close might hit a descriptor that is another test's by now.
        guard isFirst else { return }
        await withCheckedContinuation { continuation in
            let isIdle = state.withLock { state in
                for descriptor in state.connections { shutdown(descriptor, Int32(SHUT_RDWR)) }
                if state.running > 0 { state.stopper = continuation }
                return state.running == 0
            }
            shutdown(listener, Int32(SHUT_RDWR))
            if isIdle { continuation.resume() }
        }
        close(listener)
    }

    private func acceptAll() {
        while true {
            let descriptor = accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            var one: Int32 = 1
            setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &one, socklen_t(MemoryLayout<Int32>.size))
            let isStopped = state.withLock { state in
                state.accepted += 1
                if !state.isStopped {
                    state.connections.append(descriptor)
                    state.running += 1
                }
                return state.isStopped
            }
            guard !isStopped else {
                close(descriptor)
                break
            }
            startThread { self.serve(descriptor) }
        }
        threadEnded()
    }

    private func serve(_ descriptor: Int32) {
        let connection = TestConnection(descriptor: descriptor)
        script(connection)
        // Taken off the list before it is closed: the number may be another's a moment later.
        state.withLock { $0.connections.removeAll { $0 == descriptor } }
        close(descriptor)
        threadEnded()
    }

    private func threadEnded() {
        let stopper = state.withLock { state in
            state.running -= 1
            guard state.running == 0 else { return CheckedContinuation<Void, Never>?.none }
            defer { state.stopper = nil }
            return state.stopper
        }
        stopper?.resume()
    }

    private static func bindIPv4(_ descriptor: Int32, _ text: String, _ port: UInt16) throws -> UInt16 {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        try #require(inet_pton(AF_INET, text, &address.sin_addr) == 1)
        try bind(descriptor, &address)
        return UInt16(bigEndian: address.sin_port)
    }

    private static func bindIPv6(_ descriptor: Int32) throws -> UInt16 {
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_addr = in6addr_loopback
        try bind(descriptor, &address)
        return UInt16(bigEndian: address.sin6_port)
    }

    /// Binds to a free port and writes the address that came of it back.
    private static func bind<Address>(_ descriptor: Int32, _ address: inout Address) throws {
        try withUnsafeMutablePointer(to: &address) { pointer in
            var length = socklen_t(MemoryLayout<Address>.size)
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                try #require(Glibc.bind(descriptor, pointer, length) == 0)
                try #require(getsockname(descriptor, pointer, &length) == 0)
            }
        }
    }
}

/// Runs a body on a thread of its own: scripts block.
private func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Box: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }
    var thread = pthread_t()
    let code = pthread_create(
        &thread, nil,
        { argument in
            if let argument { Unmanaged<Box>.fromOpaque(argument).takeRetainedValue().body() }
            return nil
        }, Unmanaged.passRetained(Box(body)).toOpaque())
    precondition(code == 0, "no thread: \(code)")
    pthread_detach(thread)
}
