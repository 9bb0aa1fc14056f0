import Foundation
import Synchronization

/// A real HTTP server on a free loopback port that answers as a closure says. One thread per connection, so the closure may block.
final class APIServer: Sendable {
    /// What came in.
    struct Request: Sendable {
        let method: String
        /// Path and query as they came.
        let target: String
        /// By lower-case name.
        let headers: [String: String]
        let body: [UInt8]

        var path: String { String(target.prefix { $0 != "?" }) }
        var text: String { String(decoding: body, as: UTF8.self) }

        /// The value of a query parameter or form field, decoded.
        func parameter(_ name: String) -> String? {
            let query = target.split(separator: "?", maxSplits: 1).dropFirst().first.map(String.init) ?? text
            let pairs = query.split(separator: "&").map { $0.split(separator: "=", maxSplits: 1) }
            return pairs.first { $0.first?.removingPercentEncoding == name }?.dropFirst().first?.removingPercentEncoding
        }
    }

    /// What goes out; nil: the connection is closed without an answer.
    struct Reply: Sendable {
        var status = 200
        var headers: [(name: String, value: String)] = []
        var body = ""

        static func json(_ body: String) -> Reply { Reply(body: body) }
        static func status(_ status: Int, _ body: String = "") -> Reply { Reply(status: status, body: body) }
    }

    private struct State {
        var requests: [Request] = []
        var connections: Set<Int32> = []
        var isStopped = false
    }

    let port: UInt16
    private let listener: Int32
    private let handler: @Sendable (Request) -> Reply?
    private let state = Mutex(State())
    private let threads = DispatchGroup()

    init(_ handler: @escaping @Sendable (Request) -> Reply?) throws {
        self.handler = handler
        (listener, port) = try Self.listen()
        startThread { self.acceptAll() }
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// All requests so far, in the order in which they came.
    var requests: [Request] { state.withLock { $0.requests } }

    /// Those for a path.
    func requests(to path: String) -> [Request] { requests.filter { $0.path == path } }

    /// Breaks all connections and returns when all threads have ended.
    func stop() async {
        state.withLock { state in
            state.isStopped = true
            for descriptor in state.connections { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        shutdown(listener, Int32(SHUT_RDWR))
        await withCheckedContinuation { continuation in threads.notify(queue: .global()) { continuation.resume() } }
        close(listener)
    }

    private static func listen() throws -> (Int32, UInt16) {
        struct NoSocket: Error {}
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(descriptor, pointer, length) == 0 && Glibc.listen(descriptor, 128) == 0
                    && getsockname(descriptor, pointer, &length) == 0
            }
        }
        guard isListening else { throw NoSocket() }
        return (descriptor, UInt16(bigEndian: address.sin_port))
    }

    private func acceptAll() {
        while case let descriptor = accept(listener, nil, nil), descriptor >= 0 {
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
        var unread: [UInt8] = []
        while let request = Self.receive(descriptor, &unread) {
            state.withLock { $0.requests.append(request) }
            guard let reply = handler(request), Self.send(reply, descriptor) else { break }
        }
        state.withLock { _ = $0.connections.remove(descriptor) }
        close(descriptor)
    }

    private static func receive(_ descriptor: Int32, _ unread: inout [UInt8]) -> Request? {
        func fill() -> Bool {
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count > 0 { unread += buffer[..<count] }
            return count > 0
        }
        var head = unread.firstRange(of: Array("\r\n\r\n".utf8))
        while head == nil {
            guard fill() else { return nil }
            head = unread.firstRange(of: Array("\r\n\r\n".utf8))
        }
        guard let head else { return nil }
        let lines = String(decoding: unread[..<head.lowerBound], as: UTF8.self).components(separatedBy: "\r\n")
        unread.removeSubrange(..<head.upperBound)
        let words = lines[0].split(separator: " ")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2 { headers[parts[0].lowercased()] = parts[1].trimmingCharacters(in: .whitespaces) }
        }
        let length = headers["content-length"].flatMap { Int($0) } ?? 0
        while unread.count < length { guard fill() else { return nil } }
        defer { unread.removeSubrange(..<length) }
        return Request(
            method: String(words[0]), target: String(words[1]), headers: headers, body: Array(unread[..<length]))
    }

    private static func send(_ reply: Reply, _ descriptor: Int32) -> Bool {
        var head = "HTTP/1.1 \(reply.status) Status\r\ncontent-length: \(reply.body.utf8.count)\r\n"
        for header in reply.headers { head += "\(header.name): \(header.value)\r\n" }
        let bytes = Array((head + "\r\n" + reply.body).utf8)
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
        }
        return true
    }

    private func startThread(_ body: @escaping @Sendable () -> Void) {
        threads.enter()
        Thread {
            body()
            self.threads.leave()
        }.start()
    }
}
