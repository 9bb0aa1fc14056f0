import Glibc

/// Asks a service's health server on loopback whether it is ready.
enum ReadinessProbe {
    /// What `/readyz` answered.
    enum Answer: Sendable, Equatable {
        case ready
        /// It answered something else; the text is the body's beginning.
        case notReady(String)
        /// Nobody listens, or no answer came within two seconds.
        case unreachable
    }

    /// Asks once.
    static func ask(port: Int) async -> Answer {
        await BlockingThread.run { exchange(port: port) }
    }

    private static func exchange(port: Int) -> Answer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return .unreachable }
        defer { close(descriptor) }
        var timeout = timeval(tv_sec: 3, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        var address = LoopbackAddress.make(port: port)
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected else { return .unreachable }
        let request = Array("GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".utf8)
        guard send(descriptor, request, request.count, Int32(MSG_NOSIGNAL)) == request.count else {
            return .unreachable
        }
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while answer.count < 65_536 {
            let count = recv(descriptor, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            answer += buffer[..<count]
        }
        return interpret(String(decoding: answer, as: UTF8.self))
    }

    static func interpret(_ answer: String) -> Answer {
        guard answer.hasPrefix("HTTP/1.") else { return .unreachable }
        if answer.hasPrefix("HTTP/1.1 200") || answer.hasPrefix("HTTP/1.0 200") { return .ready }
        guard let blank = answer.firstRange(of: "\r\n\r\n") else { return .notReady("") }
        return .notReady(String(answer[blank.upperBound...].filter { !$0.isNewline }.prefix(300)))
    }
}
